"""camd as an app of Home Assistant: what its files say, and that it starts by them."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml

from camd.config import layers
from testing.broker import Subscriber, free_port, mosquitto
from testing.process import environment
from tests.home_assistant.app import CONFIG, TRANSLATION

ROOT = Path(__file__).parents[1]
APP = ROOT / "examples" / "home-assistant" / "camd"
SAID = yaml.safe_load((APP / "config.yaml").read_text())
TRANSLATIONS = sorted((APP / "translations").glob("*.yaml"))
MQTT = {"host": "core-mosquitto", "port": 1883, "ssl": False, "username": "a", "password": "b c"}


@pytest.fixture(scope="module")
def app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("camd_app", APP / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_supervisor_takes_what_it_says() -> None:
    jsonschema.Draft202012Validator(CONFIG).validate(SAID)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert SAID["version"] == version
    for wrong in ({"ingres": True}, {"timeout": 5}, {"services": ["mqtt"]}, {"version": 1.0}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(CONFIG).validate(SAID | wrong)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(CONFIG).validate(SAID | {"schema": {"camera": "text"}})


@pytest.mark.parametrize("file", TRANSLATIONS, ids=lambda file: file.stem)
def test_each_option_is_explained_in_each_language(file: Path) -> None:
    said = yaml.safe_load(file.read_text())
    jsonschema.Draft202012Validator(TRANSLATION).validate(said)
    assert said["configuration"].keys() == SAID["schema"].keys() == SAID["options"].keys()
    assert all(text["description"] for text in said["configuration"].values())


def test_what_the_form_offers_camd_takes(
    app: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "SYSTEM_FILE", tmp_path / "none.toml")
    monkeypatch.setattr(layers, "user_file", lambda: tmp_path / "none.toml")
    for option, kind in SAID["schema"].items():
        offered = re.fullmatch(r"list\((.*)\)", kind)
        for value in offered[1].split("|") if offered else [SAID["options"][option]]:
            given = app.environment(SAID["options"] | {option: value}, MQTT)
            settings = layers.load(None, environ=given).settings
    assert settings.mqtt.host == "core-mosquitto"
    assert settings.mqtt.password
    assert settings.mqtt.password.get_secret_value() == "b c"
    assert not settings.mqtt.tls
    assert settings.mqtt.discovery
    assert settings.web.port == SAID["ingress_port"]
    assert settings.web.trusted_proxies == (app.INGRESS,)
    assert layers.load(None, environ=app.environment({}, MQTT | {"ssl": True})).settings.mqtt.tls
    small = app.environment({"profile": "small", "rotate": "90"}, {})
    settings = layers.load(None, environ=small).settings
    assert (settings.profile, settings.camera.rotate) == ("small", 90)


@pytest.fixture
def supervisor() -> Iterator[tuple[str, dict[str, Any]]]:
    """A Supervisor with an MQTT service, as its API answers; what was asked is kept."""
    asked: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.path] = self.headers["Authorization"]
            body = json.dumps({"result": "ok", "data": asked["mqtt"]}).encode()
            self.send_response(200 if asked["mqtt"] else 400)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_reads_into_the_supervisors_broker_and_answers_the_ingress_alone(
    supervisor: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    address, asked = supervisor
    for folder in ("data", "config", "bin"):
        (tmp_path / folder).mkdir()
    options = SAID["options"] | {"name": "cellar", "camera": "demo"}
    (tmp_path / "data" / "options.json").write_text(json.dumps(options))
    (tmp_path / "bin" / "camd").write_text(f'#!/bin/sh\nexec {sys.executable} -m camd "$@"\n')
    (tmp_path / "bin" / "camd").chmod(0o755)
    port = free_port()
    (tmp_path / "config" / "config.toml").write_text(f"[web]\nport = {port}\n")
    more = {
        "APP_ROOT": str(tmp_path),
        "APP_SUPERVISOR": address,
        "SUPERVISOR_TOKEN": "secret",
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    nobody = f"import os; os.geteuid = lambda: 1; exec(open({str(APP / 'app.py')!r}).read())"
    with mosquitto() as broker, Subscriber(broker.host, broker.port) as subscriber:
        asked["mqtt"] = MQTT | {"host": broker.host, "port": broker.port}
        camd = subprocess.Popen(
            [sys.executable, "-c", nobody], env=environment(tmp_path, more), stderr=subprocess.PIPE
        )
        try:
            subscriber.wait("homeassistant/device/camd_cellar/config")
            subscriber.wait("camd/cellar/status")
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/api/regions")
            assert connection.getresponse().status == 401
            connection.close()
        finally:
            camd.terminate()
            camd.communicate(timeout=60)
    assert asked["/services/mqtt"] == "Bearer secret"


def test_without_a_broker_it_says_what_to_do(
    app: ModuleType,
    supervisor: tuple[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address, asked = supervisor
    asked["mqtt"] = None
    monkeypatch.setattr(app, "SUPERVISOR", address)
    assert app.broker() == {}
    assert "install the app Mosquitto broker" in capsys.readouterr().err


def test_the_folder_for_home_assistant_has_all_that_is_built_from(tmp_path: Path) -> None:
    out = tmp_path / "app"
    command = [ROOT / "scripts" / "package-app", out]
    subprocess.run(command, check=True, capture_output=True)
    built = (out / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", built, re.M)
    assert {"app.py", "camd", "models"} <= {name for line in copied for name in line.split()}
    assert all((out / name).exists() for line in copied for name in line.split())
    let_in = (out / ".dockerignore").read_text().split()
    assert all(f"!{name}" in let_in for line in copied for name in line.split())
    assert built.rstrip().splitlines()[-2:] == [
        'ENTRYPOINT ["python3", "/opt/camd/app.py"]',
        "CMD []",
    ]
    assert {"config.yaml", "DOCS.md", "translations"} <= {path.name for path in out.iterdir()}
    assert subprocess.run(command, check=False, capture_output=True).returncode == 73
