"""Where settings come from: command line > environment > --config > the user's config directory
> /etc/camd/config.toml > defaults. Every problem of every layer is reported at once."""

import difflib
import json
import os
import reprlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from camd import paths
from camd.config import keys
from camd.config.keys import KeyPath, known_keys, tables
from camd.config.settings import Settings
from camd.errors import ConfigError

ENV_PREFIX = "CAMD_"
SYSTEM_FILE = Path("/etc/camd/config.toml")

CREDENTIALS: Mapping[str, KeyPath] = {
    "mqtt.password": ("mqtt", "password_file"),
    "camera.device": ("camera", "device"),
}
"""Files in $CREDENTIALS_DIRECTORY, and the settings they are."""


@dataclass(frozen=True)
class Config:
    settings: Settings
    origins: Mapping[KeyPath, str] = field(default_factory=dict)
    """Where each value that is not a default came from."""


def user_file() -> Path:
    """Return the user's own file, which may not exist. Raises ConfigError: there is no home."""
    return paths.configuration() / "config.toml"


def load(
    file: Path | None = None,
    overrides: Mapping[KeyPath, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    credentials: Mapping[str, Path] | None = None,
) -> Config:
    """Merge all layers and validate once. `overrides` are the command line's, by key path;
    `credentials` are files by their names in CREDENTIALS, instead of those systemd hands over.

    Raises ConfigError that names every wrong key and value with its origin."""
    layers = _Layers()
    for path in _standing():
        if _exists(path):
            layers.add_file(path)
    if file is not None:
        layers.add_file(file)
    environ = os.environ if environ is None else environ
    layers.add_credentials(_handed_over(environ) if credentials is None else credentials)
    layers.add_environment(environ)
    for key, value in (overrides or {}).items():
        layers.put(key, value, "command line")
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
        if isinstance(value, str) and not _is_text(value):
            self.problems.append(f"{'.'.join(key)}: must be UTF-8 text  [{origin}]")
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
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            self.problems.append(f"{path}: cannot be read: {error.strerror}")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.problems.append(f"{path}: is not valid TOML: {error}")
        else:
            for key, value in _leaves(data):
                self.put(key, value, str(path))

    def add_credentials(self, paths: Mapping[str, Path]) -> None:
        for name, path in paths.items():
            key = CREDENTIALS[name]
            try:
                words = path.read_text(encoding="utf-8").split() if path.is_file() else []
            except (OSError, UnicodeDecodeError):
                self.problems.append(f"{path}: cannot be read as text")
                continue
            if words:
                value = str(path) if key[-1].endswith("_file") else words[0]
                self.put(key, value, "systemd credential")

    def add_environment(self, environ: Mapping[str, str]) -> None:
        for name, text in sorted(environ.items()):
            if name.startswith(ENV_PREFIX) and _is_text(name):
                key = tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))
                self.put(key, _from_text(keys.field(key), text), name)


def _standing() -> tuple[Path, ...]:
    """The files that are read unasked, where they are there."""
    try:
        return SYSTEM_FILE, user_file()
    except ConfigError:
        return (SYSTEM_FILE,)


def _handed_over(environ: Mapping[str, str]) -> dict[str, Path]:
    """Return what the unit's LoadCredential= leads to; it makes a blank file of one that is not
    there."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return {name: Path(folder, name) for name in CREDENTIALS} if folder else {}


def service_credentials(file: Path | None) -> dict[str, Path]:
    """Return the files of root that systemd hands to the service whose configuration is `file`, as
    the units in systemd/ say; none where that is no service's."""
    folder = SYSTEM_FILE.parent
    if file is not None and file.absolute().parent != folder:
        return {}
    camera = "" if file is None or file.name == SYSTEM_FILE.name else f"{file.stem}."
    paths = {name: folder / f"{camera}{name}" for name in CREDENTIALS}
    return {name: path for name, path in paths.items() if _exists(path)}


def _is_text(value: str) -> bool:
    """False for what the command line or the environment held as bytes of another encoding."""
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
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*under, name))
        else:
            yield (*under, name), value


def _from_text(info: FieldInfo | None, text: str) -> Any:
    """Give an environment variable the type of its field; what does not fit stays text and
    fails validation under its own name."""
    if info is None or _takes_text(info.annotation):
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
        plain = ".".join(part for part in key if not part.isdigit())
        close = difflib.get_close_matches(plain, known_keys(), n=1, cutoff=0.6)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"{name}: unknown key{hint}{where}"
    # A secret of the wrong type must not be echoed.
    hidden = key[-1] == "password" or error["input"] is None or isinstance(error["input"], dict)
    shown = "" if hidden else f", but it is {reprlib.repr(error['input'])}"
    message = str(error["msg"]).replace("Input should", "should").replace("String should", "should")
    return f"{name}: {message.removeprefix('Value error, ')}{shown}{where}"


def _named(key: KeyPath, data: Mapping[str, Any]) -> str:
    """Say which of several tables it is as people count, by its name where it has one."""
    if len(key) < 2 or key[0] not in tables() or not key[1].isdigit():
        return ".".join(key)
    place = data[key[0]][int(key[1])]
    name = place.get("name") if isinstance(place, dict) else None
    which = f" ({name})" if isinstance(name, str) else ""
    return f"{key[0]} {int(key[1]) + 1}{which}" + "".join(f".{part}" for part in key[2:])
