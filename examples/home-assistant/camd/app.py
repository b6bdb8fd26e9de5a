"""Starts camd as an app of Home Assistant: what the form and the Supervisor say becomes options of
camd, in its environment.

Reads /data/options.json, asks the Supervisor for the MQTT broker, and goes on as camd, and as no
root. Nothing but Python's own library is needed. $APP_ROOT stands before all paths, for tests.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

ROOT = Path(os.environ.get("APP_ROOT", "/"))
SUPERVISOR = os.environ.get("APP_SUPERVISOR", "http://supervisor")
INGRESS = "172.30.32.2"
"""Where Home Assistant's ingress comes from; it has asked for Home Assistant's own password."""
USER = 970
"""As in the Containerfile."""
PATIENCE_S = 10.0
FIRST = """\
# Options that the form of the app lacks. The page writes regions here.
"""


def broker() -> dict[str, Any]:
    """Return what the Supervisor says of its MQTT service; nothing where it has none."""
    token = os.environ.get("SUPERVISOR_TOKEN", "")
    request = Request(f"{SUPERVISOR}/services/mqtt", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            found = json.load(answer)
    except (URLError, ValueError, TimeoutError) as error:
        tell(f"no MQTT broker from the Supervisor ({error}): install the app Mosquitto broker, or")
        tell("name one under [mqtt] in config.toml")
        return {}
    return dict(found.get("data") or {})


def environment(options: Mapping[str, Any], mqtt: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of camd, as variables of the environment."""
    wanted: dict[str, Any] = {
        "NAME": options.get("name"),
        "PROFILE": "small" if options.get("profile") == "small" else None,
        "CAMERA__DEVICE": options.get("camera"),
        "CAMERA__ROTATE": options.get("rotate"),
        "LOG__LEVEL": options.get("log_level"),
        "MQTT__HOST": mqtt.get("host"),
        "MQTT__PORT": mqtt.get("port"),
        "MQTT__USERNAME": mqtt.get("username"),
        "MQTT__PASSWORD": mqtt.get("password"),
        "MQTT__TLS": "true" if mqtt.get("ssl") else None,
        "MQTT__DISCOVERY": "true",
        "MQTT__REQUESTS": "true",
        "WEB__ENABLED": "true",
        "WEB__BIND": "0.0.0.0",  # noqa: S104  # only the ingress is answered
        "WEB__TRUSTED_PROXIES": json.dumps([INGRESS]),
    }
    return {f"CAMD_{name}": str(value) for name, value in wanted.items() if value not in (None, "")}


def become_nobody() -> None:
    """Go on as camd's own user, who may use cameras and write /data and /config."""
    cameras = {path.stat().st_gid for path in Path("/dev").glob("video*")}
    for folder in (ROOT / "data", ROOT / "config"):
        for path in (folder, *folder.rglob("*")):
            if path.name != "options.json":
                os.chown(path, USER, USER, follow_symlinks=False)
    os.setgroups(sorted(cameras))
    os.setgid(USER)
    os.setuid(USER)


def tell(text: str) -> None:
    sys.stderr.write(f"camd: {text}\n")


def main() -> None:
    options = json.loads((ROOT / "data" / "options.json").read_text())
    config = ROOT / "config" / "config.toml"
    if not config.exists():
        config.write_text(FIRST)
    more = environment(options, broker())
    if os.geteuid() == 0:
        become_nobody()
    camd = shutil.which("camd")
    if camd is None:
        sys.exit("camd: it is not installed")
    os.execve(camd, ["camd", "run", "--config", str(config)], {**os.environ, **more})  # noqa: S606


if __name__ == "__main__":
    main()
