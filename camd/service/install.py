"""camd service install and uninstall: writes the unit and a first configuration, runs systemctl."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from camd import files, paths
from camd.config import layers
from camd.config import text as config_file
from camd.errors import CamdError

NEEDS_SYSTEM = frozenset(
    {
        "After", "Wants", "DynamicUser", "SupplementaryGroups", "DevicePolicy", "DeviceAllow",
        "LoadCredential", "SetCredential", "CapabilityBoundingSet", "AmbientCapabilities",
        "PrivateNetwork", "PrivateUsers", "PrivateTmp", "PrivateIPC", "PrivateMounts", "RemoveIPC",
        "ProtectSystem", "ProtectHome", "ProtectProc", "ProcSubset", "ProtectClock",
        "ProtectHostname", "ProtectControlGroups", "ProtectKernelLogs", "ProtectKernelModules",
        "ProtectKernelTunables", "KeyringMode",
    }
)  # fmt: skip
"""Settings of a unit that only root's systemd knows. A user's own would ignore them, or refuse to
start the unit."""


def render(template: str, command: str, *, user: bool) -> str:
    """Return the text of the unit: `template` with the path of `command`, and for a user's own
    systemd without the settings that it does not know."""
    text = template.replace("ExecStart=camd ", f"ExecStart={_quoted(command)} ")
    if not user:
        return text
    # Remove the settings that only root's systemd knows, each with the comment above it.
    lines: list[str] = []
    reason: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            reason.append(line)
            continue
        if line.partition("=")[0] not in NEEDS_SYSTEM:
            lines += [*reason, line]
        reason = []
    # The unit may use the user's own home directory, and its files are in other places.
    text = "\n".join(lines) + "\n"
    text = text.replace("Environment=HOME=%S/camd-%i ", "Environment=")
    text = text.replace("Environment=HOME=%S/camd ", "Environment=")
    text = text.replace("--config /etc/camd/%i.toml", "--config %E/camd/%i.toml")
    return text.replace("WantedBy=multi-user.target", "WantedBy=default.target")


def _quoted(path: str) -> str:
    """Quote a path by the rules of systemd.service(5), where % and $ are special too."""
    path = path.replace("%", "%%").replace("$", "$$")
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"' if " " in path else path


PACKAGED = Path("/usr/lib/systemd/system")
"""Where a package of the system puts its units; what is in /etc would hide them."""


class ServiceError(CamdError):
    """There is no systemd, this user may not change it, or it reports an error."""

    status = 69


@dataclass(frozen=True)
class Place:
    """Where the unit and its configuration are: of the system or a user, of one camera or more."""

    user: bool
    instance: str | None

    @property
    def name(self) -> str:
        """The service's name for systemctl."""
        return f"camd@{self.instance}.service" if self.instance else "camd.service"

    @property
    def template(self) -> str:
        return "camd@.service" if self.instance else "camd.service"

    @property
    def unit(self) -> Path:
        folder = layers.user_file().parent.parent / "systemd" / "user"
        return (folder if self.user else Path("/etc/systemd/system")) / self.template

    @property
    def is_packaged(self) -> bool:
        """Whether a package of the system has brought the unit, as camd's Debian package does."""
        return not self.user and (PACKAGED / self.template).exists()

    @property
    def config(self) -> Path:
        folder = layers.user_file().parent if self.user else layers.SYSTEM_FILE.parent
        return folder / (f"{self.instance}.toml" if self.instance else "config.toml")

    def systemctl(self, *arguments: str) -> list[str]:
        return ["systemctl", *(["--user"] if self.user else []), *arguments]


def install(place: Place, say: Callable[[str], None], *, dry_run: bool) -> None:
    """Write the unit, unless a package has brought it, and a configuration if there is none; then
    enable and start the service.

    Raises ServiceError. With `dry_run` it only says what it would do."""
    command = _command()
    hidden = "" if place.user else _hidden(Path(command))
    template = files.read_text(paths.units() / place.template)
    text = render(template, command, user=place.user)
    initial = None if place.config.exists() else _initial(place)
    if dry_run:
        if not place.is_packaged:
            say(f"# would write {place.unit}:\n{text.rstrip()}")
        if initial:
            say(f"# would write {place.config}, every option with its default")
        for call in _enabling(place):
            say(f"# would run: {' '.join(call)}")
        if hidden:
            say(f"# would refuse all this: {hidden}")
        return
    _may(place)
    if hidden:
        raise ServiceError(hidden)
    if not place.is_packaged:
        _write(place.unit, text)
        say(f"wrote {place.unit}")
    if initial:
        _write(place.config, initial)
        say(f"wrote {place.config}: say there which camera and which broker")
    for call in _enabling(place):
        _run(call)
    say(f"{place.name} runs; see: {' '.join(place.systemctl('status', place.name))}")


def uninstall(place: Place, say: Callable[[str], None], *, dry_run: bool) -> None:
    """Stop and disable the service and remove its unit. Configuration and state stay."""
    stop = place.systemctl("disable", "--now", place.name)
    if dry_run:
        say(f"# would run: {' '.join(stop)}")
        if not place.is_packaged:
            others = " unless others use it" if place.instance else ""
            say(f"# would remove {place.unit}{others}")
        return
    _may(place)
    if place.is_packaged:
        _run(stop)
        say(f"{place.name} is stopped; its unit belongs to the package")
        return
    if not place.unit.exists():
        raise ServiceError(f"{place.unit} is not there: nothing to uninstall")
    _run(stop)
    wanted = place.unit.parent.glob("*.target.wants/camd@*.service")
    if place.instance and any(wanted):
        say(f"{place.unit} stays: other instances use it")
    else:
        place.unit.unlink()
        say(f"removed {place.unit}")
    _run(place.systemctl("daemon-reload"))
    say(f"{place.config.parent} and the state directory stay; remove them by hand")


def _enabling(place: Place) -> list[list[str]]:
    return [
        place.systemctl("daemon-reload"),
        place.systemctl("enable", place.name),
        place.systemctl("restart", place.name),  # it may be running, from an older unit
    ]


def _initial(place: Place) -> str:
    text = config_file.defaults()
    if place.instance:
        text = text.replace('# name = "camd" ', f'name = "{place.instance}" ', 1)
    return text


def _command() -> str:
    beside = Path(sys.executable).with_name("camd")
    found = str(beside) if beside.exists() else shutil.which("camd")
    if not found:
        raise ServiceError("there is no camd command beside this Python: install camd first")
    return found


def _hidden(command: Path) -> str:
    """Say what of camd the service could not see; "" if all is well. Its sandbox hides all home
    directories."""
    for path in (command, command.resolve(), Path(sys.base_prefix), paths.PACKAGE):
        if path.is_relative_to("/home") or path.is_relative_to("/root"):
            return (
                f"{path} is in a home directory, which the service cannot see: install camd into "
                "/opt/camd (python3 -m venv /opt/camd; /opt/camd/bin/pip install ...) and run "
                "/opt/camd/bin/camd service install, or use --user"
            )
    return ""


def _may(place: Place) -> None:
    if not shutil.which("systemctl"):
        raise ServiceError("there is no systemctl: this machine does not run systemd")
    if not place.user and os.geteuid() != 0:
        raise ServiceError("only root may do this: use sudo, or --user for a service of your own")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text.encode())
    except OSError as error:
        raise ServiceError(f"{path} cannot be written: {error.strerror}") from error


def _run(call: list[str]) -> None:
    done = subprocess.run(call, capture_output=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        why = said or f"exit status {done.returncode}"
        raise ServiceError(f"{' '.join(call)}: {why}")
