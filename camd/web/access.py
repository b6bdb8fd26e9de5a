"""Who may use the page: names and addresses it answers to, the password, sessions, and a limit on
guesses."""

import base64
import hashlib
import hmac
import re
import secrets
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from camd.config.password import first_line
from camd.config.settings import WebSettings
from camd.errors import ConfigError

SESSION_S = 30 * 24 * 3600.0
"""A browser that has not come back for so long logs in again, seconds: thirty days, as a page that
hangs on a wall should not ask each morning."""
MOST_SESSIONS = 64
"""Sessions kept; the one that was used longest ago goes first. More browsers than a house has."""
GUESSES = 5
"""Wrong passwords in GUESSES_S from one address before it has to wait."""
GUESSES_S = 60.0
"""Five guesses a minute are 2.6 million a year: too few for any password of eight letters."""
MOST_ADDRESSES = 1024
"""Addresses whose guesses are counted; the oldest is forgotten first, so memory stays the same."""
LONGEST_PASSWORD = 1024
"""Letters; a longer one is wrong without being looked at."""

_HASH = re.compile(r"\$argon2(id|i|d)\$")


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password, as text for the configuration."""
    return PasswordHasher().hash(password)


def secret(settings: WebSettings) -> str | None:
    """Return the hash of the password that the settings name; None without one.

    Raises ConfigError where its file cannot be used, or where anybody could reach the page without
    one. Where there are trusted proxies, nobody else can."""
    given = None
    if settings.password is not None:
        given = settings.password.get_secret_value()
    elif settings.password_file is not None:
        given = first_line(settings.password_file, "web.password_file")
    if given is None:
        if not ip_address(settings.bind).is_loopback and not settings.trusted_proxies:
            raise ConfigError(
                f"web.bind: at {settings.bind} others can reach the page, so it needs a password: "
                "set web.password_file, with the hash that `camd config password` prints"
            )
        return None
    if not given:
        raise ConfigError("web.password is empty; leave it out for none")
    if not _HASH.match(given):
        return hashed(given)
    try:
        PasswordHasher().check_needs_rehash(given)
    except InvalidHashError as error:
        raise ConfigError(
            "web.password begins as a hash of Argon2 and is none: use what "
            "`camd config password` prints, in whole and in single quotes"
        ) from error
    return given


@dataclass(slots=True)
class _Session:
    token: str
    """What the page has to send with each change; no other site can read it."""
    used: float


@dataclass(slots=True)
class _Guesses:
    since: float
    count: int = 0


class Access:
    """Used by the page's thread alone."""

    def __init__(
        self,
        settings: WebSettings,
        password: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`password`: its hash, as `secret` gives it. `clock` gives seconds, monotonic."""
        self._hash = password
        self._clock = clock
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local", *settings.hosts}
        self._named = set(settings.hosts)
        self._proxies = frozenset(settings.trusted_proxies)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._guesses: OrderedDict[str, _Guesses] = OrderedDict()
        self._basic = b""
        """Digest of the Authorization header that was right last: each check of a password takes a
        twentieth of a second, and a scraper sends the same one every few seconds."""
        self._open_token = secrets.token_urlsafe(32)

    @property
    def closed(self) -> bool:
        """Whether there is a password."""
        return self._hash is not None

    def trusts(self, address: str) -> bool:
        """Tell whether a request from `address` comes through a proxy that has asked for a password
        itself."""
        return address in self._proxies

    def closed_to(self, address: str) -> bool:
        """Tell whether whoever asks from `address` has to log in. Where there are trusted proxies
        and no password, all others do, and cannot."""
        return not self.trusts(address) and (self.closed or bool(self._proxies))

    def answers_to(self, host: str) -> bool:
        """Tell whether a browser may call this page by the name of a Host header. A name that
        anybody can have lead here would open the page to his site (DNS rebinding); an address
        cannot."""
        name = _name(host)
        if name is None:
            return False
        try:
            ip_address(name)
        except ValueError:
            return name in self._names
        return True

    def from_here(self, origin: str | None, host: str) -> bool:
        """Tell whether a change comes from this page itself, by its Origin header. Programs that
        are no browser send none."""
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
            name = parts.hostname
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not name:
            return False
        return parts.netloc.lower() == host.lower() or name in self._named

    def wait_s(self, address: str) -> float:
        """Return how long nobody at `address` may try a password, seconds; 0: now."""
        guesses = self._guesses.get(_network(address))
        if guesses is None or guesses.count < GUESSES:
            return 0.0
        return max(0.0, guesses.since + GUESSES_S - self._clock())

    def log_in(self, password: str, address: str) -> str | None:
        """Return the name of a new session; None where the password is wrong. Ask `wait_s`
        before."""
        if not self._right(password, address):
            return None
        name = secrets.token_urlsafe(32)
        self._sessions[name] = _Session(secrets.token_urlsafe(32), self._clock())
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return name

    def log_out(self, name: str) -> None:
        self._sessions.pop(name, None)

    def token(self, name: str | None, address: str) -> str | None:
        """Return what this session has to send with each change; None where there is no such
        session, and whoever asks from `address` needs one."""
        if not self.closed_to(address):
            return self._open_token
        session = self._sessions.get(name or "")
        if session is None:
            return None
        now = self._clock()
        if now - session.used > SESSION_S:
            del self._sessions[name or ""]
            return None
        session.used = now
        self._sessions.move_to_end(name or "")
        return session.token

    def knows(self, header: str, address: str) -> bool:
        """Tell whether an Authorization header (RFC 7617, Basic) holds the password; the user's
        name does not matter."""
        if not self.closed:
            return False
        digest = hashlib.sha256(header.encode("latin-1", "replace")).digest()
        if self._basic and hmac.compare_digest(digest, self._basic):
            return True
        password = _basic(header)
        if password is None or self.wait_s(address) or not self._right(password, address):
            return False
        self._basic = digest
        return True

    def _right(self, password: str, address: str) -> bool:
        assert self._hash
        right = False
        if len(password) <= LONGEST_PASSWORD:
            try:
                right = PasswordHasher().verify(self._hash, password)
            except (VerificationError, UnicodeError):
                right = False
        if right:
            self._guesses.pop(_network(address), None)
        else:
            self._count(_network(address))
        return right

    def _count(self, network: str) -> None:
        now = self._clock()
        guesses = self._guesses.pop(network, None)
        if guesses is None or now - guesses.since > GUESSES_S:
            guesses = _Guesses(now)
        guesses.count += 1
        self._guesses[network] = guesses
        while len(self._guesses) > MOST_ADDRESSES:
            self._guesses.popitem(last=False)


def same(one: str | None, other: str) -> bool:
    """Compare two secrets in a time that says nothing of where they differ."""
    return one is not None and hmac.compare_digest(one.encode(), other.encode())


def cookie(headers: Mapping[str, str], name: str) -> str | None:
    """Return the cookie `name` of a request."""
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def _name(host: str) -> str | None:
    """Return the name in a Host header, without its port."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname


def _basic(header: str) -> str | None:
    """Return the password in an Authorization header of the kind Basic."""
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError:  # of Base64, of ASCII or of UTF-8
        return None
    _, colon, password = text.partition(":")
    return password if colon else None


def _network(address: str) -> str:
    """Return what counts as one guesser: an address, or of IPv6 the network of one house."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
