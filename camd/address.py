"""PURE. Reads and writes addresses of cameras and brokers (RFC 3986), and shows them without their
secrets.

People write passwords as they are. An "@" in one is understood. A "/", "?" or "#" would end the
host's part of the address: where one seems to be in a password, the error says how to write it. An
error repeats nothing of the address but its scheme: anything else may be a password.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

CAMERA = ("rtsp", "rtsps", "http", "https")
BROKER = ("mqtt", "mqtts", "ws", "wss")
PORTS = {
    "rtsp": 554, "rtsps": 322, "http": 80, "https": 443,
    "mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443,
}  # fmt: skip
"""The port of a server whose address names none."""

_WHOLE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_ZONE = re.compile(r"[A-Za-z0-9_.~-]+")
_PUNCTUATION = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~"


class AddressError(ValueError):
    """The address is wrong. The text says how to write it, and follows the name of the option."""


@dataclass(frozen=True, slots=True)
class Address:
    scheme: str
    """In lower case."""
    host: str
    """A name, or an address without brackets: "cam.lan", "192.0.2.7", "fe80::1%eth0"."""
    port: int | None = None
    user: str | None = None
    """Decoded from %40 and the like, as is the password."""
    password: str | None = field(default=None, repr=False)
    rest: str = field(default="", repr=False)
    """Path, query and fragment as they are sent: "/live?channel=1"."""

    @property
    def usual_port(self) -> int:
        """The port of the address, or that of its scheme."""
        return self.port or PORTS[self.scheme]

    def url(self) -> str:
        """Return the whole address, with its password. The zone of an IPv6 address is not encoded
        as RFC 6874 asks: libraries do not take that."""
        login = "" if self.user is None else _encoded(self.user)
        if self.password is not None:
            login += f":{_encoded(self.password)}"
        return self._with(f"{login}@" if self.user is not None else "") + self.rest

    def shown(self) -> str:
        """Return it without user, password and query: some cameras take a password in the query."""
        # An @ in the path may be the end of a password, of which the first piece looked right.
        rest = re.sub(r"^.*@", "/***@", _without_secrets(self.rest), flags=re.DOTALL)
        return self._with("***@" if self.user is not None else "") + rest

    def _with(self, login: str) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{login}{host}{f':{self.port}' if self.port else ''}"


def looks_like(text: str) -> bool:
    """Tell whether `text` is meant to be an address: it begins with a scheme and a slash."""
    return re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]+:/", text) is not None


def parse(text: str, schemes: Collection[str]) -> Address:
    """Take an address apart. Raises AddressError."""
    forms = ", ".join(f"{scheme}://" for scheme in schemes)
    text = text.strip()
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise AddressError(f"should begin with one of {forms}: a scheme and two slashes")
    scheme, authority, rest = found[1].lower(), found[2], found[3]
    if scheme not in schemes:
        raise AddressError(f"begins with {scheme}://; it should be one of {forms}")
    if re.search(r"[\x00-\x1f\x7f]", unquote(text)):
        raise AddressError("holds a control character, such as the end of a line")
    if raw := _raw(authority, rest):
        raise AddressError(
            f"holds a {raw} before an @: in a user name or a password write / as %2F, ? as %3F and"
            " # as %23; an @ after the host, as %40"
        )
    login, at, place = authority.rpartition("@")
    user, colon, password = login.partition(":")
    host, port = _place(place)
    return Address(
        scheme,
        host,
        port,
        _decoded(user) if at and login else None,
        _decoded(password) if colon else None,
        quote(rest, safe=_PUNCTUATION),
    )


def check_host(host: str) -> str:
    """Return a name or an address alone, without brackets. Raises AddressError."""
    host = host.strip()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if ":" in host:
        address, percent, zone = host.partition("%")
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise AddressError("is no IPv6 address, nor a name without a port") from None
        if percent and not _ZONE.fullmatch(zone):
            raise AddressError("names no network interface after the % of its IPv6 address")
        return host
    if re.search(r"[\x00-\x20\x7f/?#@\[\]\\%]", host):
        raise AddressError("is no name of a host: a name has neither spaces nor / ? # @ %")
    try:
        host = host.encode("idna").decode()
    except UnicodeError:  # its text shows a part of the name
        host = ""
    if not host:
        raise AddressError("is no name of a host: a name has at most 63 letters between two dots")
    return host


def redact(text: str) -> str:
    """Return the name of a camera, an address or not, without its secrets. From an address that is
    wrong more is left out, never less."""
    if looks_like(text):
        try:
            return parse(text, PORTS).shown()
        except AddressError:
            return f"{text.strip().partition(':')[0]}://***"
    before, inside, _ = text.partition("://")
    if inside and not before.startswith(("/", ".")):  # in JSON, in quotes, or after other words
        return f"{_without_secrets(before)}://***"
    # Without a scheme it may still be meant as one: user:password@host. A path is left alone.
    return _without_secrets(re.sub(r"^.*:.*@", "***@", text, flags=re.DOTALL))


def _raw(authority: str, rest: str) -> str:
    """Return the character that ends the host's part but probably belongs to a password, or ""."""
    path, mark, _ = rest.partition("?")
    if "@" in rest.partition("#")[2]:
        return "#"
    if "@" not in rest:
        return ""
    if mark and path.startswith("/") and "@" not in path:
        # As usual, in a query: http://cam:80/video?mail=me@home. But admin: is no host and port.
        place = _HOST_AND_PORT.fullmatch(authority.rpartition("@")[2])
        return "" if place else rest[0]
    # http://cam/me@home is right, and admin:12/34@cam is not, though 12 may be a port.
    return rest[0] if {"@", ":"} & set(authority) else ""


def _place(text: str) -> tuple[str, int | None]:
    found = _HOST_AND_PORT.fullmatch(text)
    host, port = (found[1], found[2]) if found else ("", "")
    if not host or (port and not 1 <= int(port) <= 65535):
        raise AddressError(
            "names no host and port as in cam.lan:554, 192.0.2.7:554 or [fe80::1]:554; if that is"
            " a password, an @ and the host must follow it"
        )
    address, percent, zone = host.strip("[]").partition("%")
    if ":" in address and percent:
        host = f"{address}%{unquote(zone.removeprefix('25'))}"  # the % itself, as in RFC 6874
    else:
        host = unquote(host)
    return check_host(host), int(port) if port else None


def _decoded(text: str) -> str:
    # Bytes that are no UTF-8 are kept: %FF is %FF again in url().
    return unquote(text, errors="surrogateescape")


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _without_secrets(text: str) -> str:
    text = re.sub(r"([?#]).+", r"\1***", text, flags=re.DOTALL)
    # Some recorders want them in the path: rtsp://host/user=admin&password=secret&channel=1
    return re.sub(
        r"(?i)\b(user|pass|pwd|token|key|auth)(\w*?)=.*", r"\1\2=***", text, flags=re.DOTALL
    )
