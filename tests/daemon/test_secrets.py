"""A password in an address or a configuration appears nowhere, whatever goes wrong with it."""

import io
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camd.capture.capture import Capture
from camd.cli import root
from camd.config.layers import load
from camd.config.settings import Settings
from camd.daemon.health import Health
from camd.errors import CamdError
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.publisher import Publisher
from camd.sources import from_uri
from testing.broker import (
    LONG,
    Mosquitto,
    Subscriber,
    find,
    mosquitto,
    password_file,
    until,
)
from testing.process import camd, environment, start
from testing.scenes import IMPATIENT, INFO
from tests.sources.pictures import grey
from tests.sources.servers import mjpeg

SECRETS = ("hunter2", "sesame77")
find("mosquitto")


@pytest.fixture
def rude() -> Iterator[int]:
    """A server that takes connections and answers nonsense."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(4096)
                    peer.sendall(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def clean(*texts: str) -> None:
    for text in texts:
        for secret in SECRETS:
            assert secret not in text, text


@pytest.mark.parametrize("kind", ["refused", "closed", "no address", "no such file", "no file"])
def test_a_stream_that_fails(tmp_path: Path, rude: int, kind: str) -> None:
    address = {
        "refused": f"rtsp://admin:hunter2@127.0.0.1:{rude}/live?password=sesame77",
        "closed": "rtsp://admin:hunter2@127.0.0.1:1/user=a&password=sesame77&channel=1",
        "no address": "rtsp://admin:hunter2@[nowhere/x",
        "no such file": "ftp://admin:hunter2@host/x",
        "no file": "admin:hunter2@host/x",
    }[kind]
    config = tmp_path / "c.toml"
    config.write_text(
        f'[camera]\ndevice = "{address}"\ntimeout_s = 1\n[mqtt]\nbroker = "none"\n'
        '[log]\nlevel = "debug"\n'
    )
    shown = camd("config", "show", "--config", config, home=tmp_path)
    checked = camd("doctor", "--config", config, home=tmp_path)
    process = start("run", "--config", config, "-v", home=tmp_path, fresh=True)
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "trying again" in line or "no such device" in line or "camera.device: " in line:
            break
    arguments = Path(f"/proc/{process.pid}/cmdline")
    clean(arguments.read_text() if arguments.exists() else "")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    clean("".join(lines), out, err, shown.stdout, shown.stderr, checked.stdout, checked.stderr)


def test_what_is_published_and_logged_by_a_camera_that_works(tmp_path: Path) -> None:
    passwords = password_file(tmp_path / "passwords", "camd", "sesame77")
    passwords.chmod(0o644)
    pictures = [grey(90), grey(100)]
    with (
        mosquitto(f"allow_anonymous false\npassword_file {passwords}\n") as broker,
        mjpeg(pictures) as port,
        Subscriber(broker.host, broker.port, login=("camd", "sesame77")) as heard,
    ):
        config = tmp_path / "c.toml"
        config.write_text(
            f'[camera]\ndevice = "http://admin:hunter2@127.0.0.1:{port}/stream?pwd=hunter2"\n'
            f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\nhealth_s = 1\n'
            'username = "camd"\npassword = "sesame77"\n[log]\nlevel = "debug"\n'
        )
        process = start("run", "--config", config, "-v", home=tmp_path)
        heard.wait("camd/camd/info")
        heard.wait("camd/camd/health", 2)
        broker.kill()
        broker.start()
        heard.wait("camd/camd/health", 4)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "***@127.0.0.1" in err
        clean(out, err, *(message.payload.decode("latin-1") for message in heard.heard))


def test_a_password_on_the_command_line_is_refused_unread(tmp_path: Path) -> None:
    done = camd("run", "--broker", "mqtt://camd:hunter2@host", home=tmp_path)
    assert done.returncode == 2
    clean(done.stdout, done.stderr)


CORE = "sesame77"
around = st.text(st.sampled_from("ab#?/@:%[]& =,"), max_size=3)
secrets = st.tuples(around, around).map(lambda both: f"{both[0]}{CORE}{both[1]}")
ADDRESSES = (
    "rtsp://admin:{}@127.0.0.1:1/live", "  rtsp://admin:{}@127.0.0.1/live", "rtsp:/admin:{}@h/live",
    "RTSP://admin:{}@h", "rtsp:///admin:{}@h", "rtsp://admin:{}", "rtsp://admin:{}@[nowhere",
    "http://127.0.0.1/x?password={}", "http://127.0.0.1/user=a&password={}&channel=1", "http://{}@h/",
    "ftp://admin:{}@h/x", "admin:{}@h/x", "//admin:{}@h/x", "mqtt://admin:{}@h:1883",
)  # fmt: skip
KEYS = ("camera.device", "camera.url", "mqtt.host", "mqtt.broker", "mqtt.port", "mqtt")
PASSWORDS = ("mqtt.password", "mqtt.websocket_path", "camera.device", "mqtt.host", "mqtt", "camera")
FORMS = ("{}", "[{}]", "[[{}]]", "{{ a = {} }}", "[{{ password = {} }}]", '["x", {}, 1]')


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line of a configuration with a secret in it, at a place where people put one."""
    secret = draw(secrets)
    if draw(st.booleans()):
        key, value = draw(st.sampled_from(KEYS)), draw(st.sampled_from(ADDRESSES)).format(secret)
    else:
        key, value = draw(st.sampled_from(PASSWORDS)), f"/mqtt?token={secret}"
    if key == "mqtt.password":
        value = secret
    # Where it belongs, or in a list or a table in which it does not.
    form = draw(st.just("{}") | st.sampled_from(FORMS))
    return f"{key} = {form.format(json.dumps(value))}"


@given(st.lists(lines(), min_size=1, max_size=3), st.booleans())
@settings(max_examples=60)
def test_no_mistake_in_a_configuration_has_its_secret_shown(
    some: list[str], in_environment: bool
) -> None:
    with TemporaryDirectory() as home:
        file = Path(home, "c.toml")
        environ = {}
        for line in some if in_environment else []:
            key, _, value = line.partition(" = ")
            text = json.loads(value) if value[0] == '"' else value
            environ[f"CAMD_{key.replace('.', '__').upper()}"] = text
        file.write_text("" if in_environment else "\n".join(some))
        said = [run_here(*command, str(file), environ=environ) for command in COMMANDS]
        try:
            found = load(file, environ=environ).settings
            said.append(Endpoint.of(found, "9f3c").address)
            said.append(from_uri(found.camera.device, found.camera).name)
        except CamdError as error:
            said.append(str(error))
    clean(*said)


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


@pytest.fixture(scope="module")
def camera() -> Iterator[int]:
    with mjpeg([grey(90), grey(100)]) as port:
        yield port


@contextmanager
def overheard() -> Iterator[io.StringIO]:
    """All that is logged, by whomever."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logger = logging.getLogger()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


WORKING = (
    "http://admin:{}@127.0.0.1:{port}/stream", "http://{}@127.0.0.1:{port}/stream?password={}",
    "http://127.0.0.1:{port}/stream?user=a&pwd={}#{}", "http://127.0.0.1:{port}/stream/token={}",
)  # fmt: skip
FAILING = (
    "http://admin:{}@127.0.0.1:{port}/other?key={}", "rtsp://admin:{}@127.0.0.1:1/live?auth={}",
    "rtsp://127.0.0.1:1/user=a&password={}&channel=1", "rtsp://admin:{}@127.0.0.1:{port}/live",
)  # fmt: skip
WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"protocol": "5"},
    {"transport": "websockets"},
    {"transport": "websockets", "port": 1},
    {"port": 1},
    {"tls": True},
)


@given(secrets, st.sampled_from((*WORKING, *FAILING)), st.sampled_from(WAYS))
@settings(max_examples=25, deadline=None)
@example("sesame77", WORKING[1], {})
@example("sesame77", FAILING[3], {"transport": "websockets"})
def test_what_is_logged_and_published_holds_no_secret(
    broker: Mosquitto, camera: int, secret: str, device: str, way: dict[str, Any]
) -> None:
    """Whether camera and broker work or not."""
    encoded = quote(secret, safe="")
    device = device.replace("{port}", str(camera)).replace("{}", encoded)
    login = {"username": "camd", "password": secret, "websocket_path": f"/mqtt?token={encoded}"}
    mqtt = {"host": broker.host, "port": broker.port, **login, **way}
    chosen = Settings.model_validate(
        {"name": "desk", "camera": {"device": device, "timeout_s": 1}, "mqtt": mqtt}
    )
    works = not {"port", "transport", "tls"} & set(way)
    said: list[object] = []
    with (
        overheard() as log,
        Subscriber(broker.host, broker.port, "camd/#") as heard,
        Capture(from_uri(device, chosen.camera), chosen.camera) as capture,
    ):
        publisher = Publisher(chosen, boot="9f3c", model_id="a1b2c3d4", timing=IMPATIENT)
        publisher.start()
        until(lambda: capture.stats().state != "waiting")
        name = from_uri(device, chosen.camera).name
        publisher.info(INFO | {"source": name, "options": chosen.model_dump(mode="json")["track"]})
        counts = Health(0.0)
        stats = asdict(capture.stats())
        publisher.health(counts.payload(1.0, stats, asdict(publisher.stats())))
        publisher.wait_connected(LONG)
        if works:
            heard.wait("camd/desk/health")
        said += [name, stats, publisher.stats(), chosen, *heard.heard]
        publisher.stop(1)
        said += heard.heard
    assert "desk" in log.getvalue() or "127.0.0.1" in log.getvalue()
    clean(log.getvalue(), *map(repr, said))


COMMANDS = (("config", "check"), ("config", "show", "--config"))


def run_here(*arguments: str, environ: dict[str, str]) -> str:
    """Run a command of camd in this process, and return what it says."""
    heard = io.StringIO()
    with (
        patch.dict(os.environ, environment(Path("/nonexistent"), environ), clear=True),
        patch.object(sys, "argv", ["camd", *arguments]),
        redirect_stdout(heard),
        redirect_stderr(heard),
        pytest.raises(SystemExit),
    ):
        root.main()
    return heard.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        'camera.device = ["rtsp://u:sesame77@h"]',
        'camera.device = " rtsp://u:sesame77@h"',
        'camera.device = "rtsp:/u:sesame77@h"',
        '[[mqtt]]\npassword = "sesame77"',
        'mqtt.websocket_path = "/mqtt?token=sesame77"',
    ],
)
def test_the_secrets_that_were_shown_once(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    for command in COMMANDS:
        said = run_here(*command, str(file), environ={})
        assert said
        clean(said)
