"""Where settings come from. What comes first here wins: command line, environment, systemd's
credentials, --config FILE, the user's config.toml, /etc/camd/config.toml, the profile that any of
them names, defaults. All mistakes of all of them are reported at once."""

import difflib
import json
import logging
import os
import re
import reprlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic_core import from_json

from camd import address, files, paths
from camd.config import keys
from camd.config.keys import KeyPath, known_keys, tables
from camd.config.profiles import PROFILES
from camd.config.settings import Settings
from camd.errors import ConfigError

log = logging.getLogger(__name__)

ENV_PREFIX = "CAMD_"
SYSTEM_FILE = Path("/etc/camd/config.toml")

CREDENTIALS: Mapping[str, KeyPath] = {
    "mqtt.password": ("mqtt", "password_file"),
    "camera.device": ("camera", "device"),
    "web.password": ("web", "password_file"),
}
"""Files that systemd puts in $CREDENTIALS_DIRECTORY, and the option that each one sets."""

CREDENTIAL = "systemd credential"
"""Says where an option of CREDENTIALS came from."""

DEEPEST = 8
"""How deep tables and lists may be nested: no option needs more than five levels, and Python's
stack has an end."""
LONGEST = 60
"""Letters that an unknown key may have for a similar one to be suggested: comparing takes time
that grows with the square."""


@dataclass(frozen=True)
class Config:
    settings: Settings
    origins: Mapping[KeyPath, str] = field(default_factory=dict)
    """Where each value came from; a default is not listed."""


def user_file() -> Path:
    """Return the user's own file, which may not exist. Raises ConfigError: no home directory."""
    return paths.configuration() / "config.toml"


def load(
    file: Path | None = None,
    overrides: Mapping[KeyPath, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    credentials: Mapping[str, Path] | None = None,
) -> Config:
    """Merge all layers, then validate once. `overrides`: what the command line says, by key path.
    `credentials`: files by their names in CREDENTIALS, in place of those that systemd gives.

    Raises ConfigError, which names every wrong key and value and where it came from. It raises
    nothing else, whatever is in a file or the environment: a running camd that is told to load its
    configuration again must survive that."""
    try:
        return _load(file, overrides or {}, environ, credentials)
    except ConfigError:
        raise
    except Exception as error:
        log.debug("a bug in camd", exc_info=True)
        raise ConfigError(
            f"the configuration is wrong in a way that camd did not expect ({type(error).__name__}"
            "): undo the last change, and please report this"
        ) from error


def _load(
    file: Path | None,
    overrides: Mapping[KeyPath, Any],
    environ: Mapping[str, str] | None,
    credentials: Mapping[str, Path] | None,
) -> Config:
    layers = _Layers()
    for path in _standing():
        if _exists(path):
            layers.add_file(path)
    if file is not None:
        layers.add_file(file)
    environ = os.environ if environ is None else environ
    layers.add_credentials(_handed_over(environ) if credentials is None else credentials)
    layers.add_environment(environ)
    for key, value in overrides.items():
        layers.put(key, value, "command line")
    layers.add_profile()
    problems = [*layers.problems, *_twins(layers.data)]
    settings = Settings()
    try:
        # Through JSON, because only there strict mode takes a path or a secret from a string;
        # strict, because a port in quotes or "yes" for true is a mistake worth showing.
        settings = Settings.model_validate_json(json.dumps(layers.data, default=str), strict=True)
    except ValidationError as error:
        problems += [_explain(item, layers) for item in error.errors()]
    if problems:
        raise ConfigError("\n".join(["the configuration is wrong:", *(f"  {p}" for p in problems)]))
    return Config(settings, layers.origins)


class _Layers:
    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.origins: dict[KeyPath, str] = {}
        self.problems: list[str] = []

    def put(self, key: KeyPath, value: Any, origin: str) -> None:
        if fault := _fault(key, value):
            self.problems.append(f"{'.'.join(key[:DEEPEST])}: {fault}  [{origin}]")
            return
        node = self.data
        for part in key[:-1]:
            child = node.get(part)
            if not isinstance(child, dict):
                child = node[part] = {}
            node = child
        node[key[-1]] = value
        self.origins[key] = origin

    def add_file(self, path: Path) -> None:
        try:
            data = tomllib.loads(files.read_text(path))
        except OSError as error:
            self.problems.append(f"{path}: cannot be read: {error.strerror}")
        except files.NotTextError as error:
            self.problems.append(f"{path}: {error}")
        except tomllib.TOMLDecodeError as error:
            self.problems.append(f"{path}: is not valid TOML: {error}")
        except RecursionError:
            self.problems.append(f"{path}: its tables or lists are nested too deep")
        except ValueError:  # Python refuses to parse an integer of thousands of digits
            self.problems.append(f"{path}: holds a number with too many digits")
        else:
            for key, value in _leaves(data):
                self.put(key, value, str(path))

    def add_credentials(self, paths: Mapping[str, Path]) -> None:
        for name, path in paths.items():
            key = CREDENTIALS[name]
            try:
                text = files.read_text(path) if path.is_file() else ""
            except OSError as error:
                self.problems.append(f"{path}: cannot be read: {error.strerror}")
            except files.NotTextError as error:
                self.problems.append(f"{path}: {error}")
            else:
                first = text.strip().partition("\n")[0].strip()
                if first:
                    value = str(path) if key[-1].endswith("_file") else first
                    self.put(key, value, CREDENTIAL)

    def add_environment(self, environ: Mapping[str, str]) -> None:
        for name, text in sorted(environ.items()):
            if name.startswith(ENV_PREFIX) and _is_text(name):
                key = tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))
                value = from_text(key, text)
                whole = isinstance(value, dict) and value
                for part, of_it in _leaves(value, key) if whole else [(key, value)]:
                    self.put(part, of_it, name)

    def add_profile(self) -> None:
        """Add what the profile sets and nothing else has set: call it last. A name that is no
        profile is left to be reported with the other values."""
        name = self.data.get("profile")
        for key, value in PROFILES.get(name, {}).items() if isinstance(name, str) else ():
            if not self._has(key):
                self.put(key, value, f"profile {name}")

    def _has(self, key: KeyPath) -> bool:
        node: Any = self.data
        for part in key:
            if not isinstance(node, dict):
                return True  # a wrong value in place of a section: it is reported as it is
            if part not in node:
                return False
            node = node[part]
        return True


def _standing() -> tuple[Path, ...]:
    """The files that are read, if they exist, without being named."""
    try:
        return SYSTEM_FILE, user_file()
    except ConfigError:
        return (SYSTEM_FILE,)


def _handed_over(environ: Mapping[str, str]) -> dict[str, Path]:
    """Return the files of the unit's LoadCredential=. systemd makes an empty one for each that
    root has not written."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return {name: Path(folder, name) for name in CREDENTIALS} if folder else {}


def service_credentials(file: Path | None) -> dict[str, Path]:
    """Return root's files that systemd gives, by the units in systemd/, to the service with the
    configuration `file`; none where no service has that one."""
    folder = SYSTEM_FILE.parent
    if file is not None and file.absolute().parent != folder:
        return {}
    camera = "" if file is None or file.name == SYSTEM_FILE.name else f"{file.stem}."
    paths = {name: folder / f"{camera}{name}" for name in CREDENTIALS}
    return {name: path for name, path in paths.items() if _exists(path)}


def _fault(key: KeyPath, value: Any) -> str:
    """Say why no option can have this value; "" where one can."""
    left = [(value, len(key))]
    while left:
        item, depth = left.pop()
        if depth > DEEPEST:
            return "is nested too deep"
        if isinstance(item, str):
            if not _is_text(item):
                return "must be UTF-8 text"
            if "\0" in item:
                return "must not hold a NUL character"
        elif isinstance(item, int) and abs(item) >= 2**63:
            return "is too large a number"
        elif isinstance(item, dict):
            left += [(part, depth + 1) for part in (*item, *item.values())]
        elif isinstance(item, list):
            left += [(part, depth + 1) for part in item]
    return ""


def _is_text(value: str) -> bool:
    """Tell whether it is valid text. Bytes on the command line or in the environment that are no
    UTF-8 become surrogates, which cannot be encoded."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a directory that this user may not enter
        return False


def _leaves(data: Mapping[str, Any], under: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for name, value in data.items():
        if isinstance(value, dict) and value and len(under) < DEEPEST:
            yield from _leaves(value, (*under, name))
        else:
            yield (*under, name), value


def from_text(key: KeyPath, text: str) -> Any:
    """Convert text, of an environment variable or a form, to the type of the option `key`. What
    cannot be converted stays text, and validation then reports it by its name."""
    info = keys.field(key)
    if info is None or _takes_text(info.annotation):
        return text
    if text.lstrip()[:1] in ("[", "{"):
        try:
            return from_json(text)
        except ValueError:
            return text
    adapter: TypeAdapter[Any] = TypeAdapter(info.annotation or str)
    # As JSON for literal numbers, as text for the many spellings of true and false.
    for read in (adapter.validate_json, adapter.validate_python):
        try:
            return adapter.dump_python(read(text), mode="json")
        except ValidationError:
            continue
    return text


def _takes_text(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _takes_text(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return any(_takes_text(part) for part in get_args(annotation))
    return annotation in (str, Path, SecretStr)


def _twins(data: Mapping[str, Any]) -> Iterator[str]:
    for table in tables():
        given = data.get(table)
        places = given if isinstance(given, list) else []
        names = Counter(str(place.get("name")) for place in places if isinstance(place, dict))
        for name, count in names.items():
            if count > 1 and name != "None":
                yield f"{table}: {count} of them are named {name!r}"


def _explain(error: Any, layers: _Layers) -> str:
    key = tuple(str(part) for part in error["loc"])
    origins = layers.origins
    origin = origins.get(key) or next((o for k, o in origins.items() if k[: len(key)] == key), "")
    origin = origin or origins.get(key[:1], "")
    where = f"  [{origin}]" if origin else ""
    name = _named(key, layers.data)
    if error["type"] == "extra_forbidden":
        return f"{name}: unknown key{_meant(key, error['input'])}{where}"
    given = error["input"]
    shown = ""
    # A password of the wrong type, or in the wrong place, must not be repeated.
    secret = not keys.may_be_shown(key)
    if isinstance(given, str | int | float) and not secret:
        given = address.redact(given) if isinstance(given, str) else given
        shown = f", but it is {reprlib.repr(given)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    for theirs, ours in _PLAIN.items():
        message = message.replace(theirs, ours)
    return f"{name}: {message}{shown}{_to_write(key, error, secret=secret)}{where}"


_PLAIN = {
    "Input should": "should",
    "String should": "should",
    "a valid string": "text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
}
"""What pydantic says, and the same in the words of someone who writes a config.toml."""


def _meant(key: KeyPath, value: Any) -> str:
    """Suggest the table or option that an unknown key was probably meant to be."""
    if len(key) == 1 and isinstance(value, dict | list):
        heads = {name: f"[{name}]" for name in keys.sections()}
        heads |= {name: f"[[{name}]]" for name in tables()}
        names = difflib.get_close_matches(key[0][:LONGEST], heads, n=1)
        return f"; did you mean {heads[names[0]]}?" if names else ""
    plain = ".".join(part for part in key if not part.isdigit())
    known = known_keys() if len(plain) <= LONGEST else []
    close = difflib.get_close_matches(plain, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _to_write(key: KeyPath, error: Any, *, secret: bool) -> str:
    """Say what to write instead, where only quotes or brackets are wrong."""
    value, kind, name = error["input"], error["type"], key[-1]
    if kind == "string_type" and isinstance(value, int | float):
        shown = "..." if name == "password" else reprlib.repr(value).lower()
        return f'; write {name} = "{shown}"'
    if kind in ("int_type", "float_type", "literal_error") and isinstance(value, str):
        number = None if secret else re.fullmatch(r"[+-]?[0-9]{1,9}([.][0-9]{1,9})?", value)
        fits = number and not (number[1] and kind == "int_type")
        allowed = kind != "literal_error" or value in re.split(", | or ", error["ctx"]["expected"])
        return f"; write {name} = {value}" if fits and allowed else ""
    if kind == "bool_type" and str(value).lower() in _SWITCH:
        return f"; write {name} = {_SWITCH[str(value).lower()]}"
    if len(key) == 1 and name in tables() and isinstance(value, dict):
        return f"; write [[{name}]], with two brackets"
    if len(key) == 1 and name in keys.sections():
        return f"; write [{name}] on a line of its own, and its options below"
    return ""


_SWITCH = {"1": "true", "on": "true", "true": "true", "yes": "true"}
_SWITCH |= {"0": "false", "off": "false", "false": "false", "no": "false"}


def _named(key: KeyPath, data: Mapping[str, Any]) -> str:
    """Write a key for people; of several tables say which: "region 2 (meter).digits"."""
    if len(key) < 2 or key[0] not in tables() or not key[1].isdigit():
        return ".".join(key)
    place = data[key[0]][int(key[1])]
    name = place.get("name") if isinstance(place, dict) else None
    which = f" ({name})" if isinstance(name, str) else ""
    return f"{key[0]} {int(key[1]) + 1}{which}" + "".join(f".{part}" for part in key[2:])
