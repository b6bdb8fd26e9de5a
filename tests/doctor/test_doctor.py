"""camd doctor against real brokers, files and a camera that a script plays."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given

from camd import address
from camd.config import layers
from camd.config.settings import CameraSettings, ControlSettings
from camd.doctor import examine
from camd.doctor.camera import _own, adjustable, judge, look
from camd.doctor.finding import Finding
from camd.sources import v4l2
from camd.stdio import printable
from testing.broker import find, free_port, mosquitto, password_file
from testing.pages import page
from testing.process import camd
from tests.names import few, texts
from tests.sources.knobs import Knobs

find("mosquitto")


def doctor(home: Path, *arguments: str | Path, status: int) -> list[dict[str, Any]]:
    done = camd("doctor", "--json", *arguments, home=home)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert report["status"] == status
    return list(report["findings"])


def errors(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["level"] == "error"]


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "page.png"
    cv2.imwrite(str(path), page("3 2 5"))
    return path


def test_all_is_well(tmp_path: Path, sheet: Path) -> None:
    with mosquitto() as broker:
        url = f"mqtt://{broker.host}:{broker.port}"
        findings = doctor(tmp_path, "--device", sheet, "--broker", url, status=0)
    assert errors(findings) == []
    areas = {finding["area"] for finding in findings}
    assert areas == {"configuration", "model", "camera", "broker", "display", "service"}
    assert any("came back" in finding["text"] for finding in findings)
    assert any("ms_per_digit" in finding["data"] for finding in findings)


def test_each_error_says_what_to_do(tmp_path: Path) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    findings = doctor(tmp_path, "--device", "/dev/video99", "--broker", url, status=69)
    assert {finding["area"] for finding in errors(findings)} == {"camera", "broker"}
    assert all(finding["todo"] for finding in errors(findings))


def test_a_wrong_configuration(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[camera]\nfps = -1\n")
    findings = doctor(tmp_path, "--config", wrong, status=78)
    assert "camera.fps" in findings[0]["text"]


def test_a_damaged_model(tmp_path: Path, sheet: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no model")
    config = tmp_path / "c.toml"
    config.write_text(f'[model]\nfile = "{tmp_path}/bad.npz"\n[mqtt]\nbroker = "none"\n')
    findings = doctor(tmp_path, "--config", config, "--device", sheet, status=69)
    assert [finding["area"] for finding in errors(findings)] == ["model"]


def with_login(tmp_path: Path, port: int, password: str) -> Path:
    config = tmp_path / "login.toml"
    config.write_text(
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\nusername = "camd"\npassword = "{password}"\n'
    )
    return config


def test_login_and_rights(tmp_path: Path, sheet: Path) -> None:
    passwords = password_file(tmp_path / "passwords", "camd", "sesame")
    passwords.chmod(0o644)
    rights = tmp_path / "acl"
    options = f"allow_anonymous false\npassword_file {passwords}\nacl_file {rights}\n"

    rights.write_text("user camd\ntopic readwrite camd/#\n")
    with mosquitto(options) as broker:
        config = with_login(tmp_path, broker.port, "sesame")
        doctor(tmp_path, "--config", config, "--device", sheet, status=0)
        config = with_login(tmp_path, broker.port, "wrong")
        found = errors(doctor(tmp_path, "--config", config, "--device", sheet, status=69))
        assert "refuses" in found[0]["text"]
        assert "mqtt.username" in found[0]["todo"]

    rights.write_text("user camd\ntopic read camd/#\n")
    with mosquitto(options) as broker:
        config = with_login(tmp_path, broker.port, "sesame")
        found = errors(doctor(tmp_path, "--config", config, "--device", sheet, status=69))
        assert "ACL" in found[0]["todo"]


def test_what_is_no_broker(tmp_path: Path, sheet: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"mqtts://127.0.0.1:{port}"
        silent.settimeout(30)
        found = errors(doctor(tmp_path, "--device", sheet, "--broker", url, status=69))
    assert found[0]["area"] == "broker"
    assert found[0]["todo"]


def test_for_people(tmp_path: Path, sheet: Path) -> None:
    done = camd("doctor", "--device", sheet, "--broker", "none", home=tmp_path)
    assert done.returncode == 0
    assert "camd can do its work" in done.stdout


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.full((360, 640, 3), 20, np.uint8), "dark"),
        (np.full((360, 640, 3), 255, np.uint8), "overexposed"),
        (cv2.GaussianBlur(page("3 2 5"), (0, 0), 15), "blurred"),
    ],
)
def test_pictures_that_cannot_be_read(image: np.ndarray, says: str) -> None:
    found: list[Finding] = list(judge(image))
    assert any(one.level == "warning" and says in one.text and one.todo for one in found), found


def test_a_picture_that_can() -> None:
    assert all(one.level == "ok" for one in judge(page("3 2 5")))


@pytest.mark.parametrize("rotate", [0, 90])
def test_the_formats_of_a_camera_are_named(monkeypatch: pytest.MonkeyPatch, rotate: int) -> None:
    monkeypatch.setattr(v4l2, "formats", lambda node: ["MJPG", "YUYV"] if node[-2:] == "99" else [])
    settings = CameraSettings(device="99", rotate=rotate)  # type: ignore[arg-type]
    found = list(look(settings))
    assert any(one.text == "/dev/video99 offers MJPG, YUYV" for one in found)
    assert found[-1].level == "error"


def test_what_can_be_set_is_listed_with_its_range_and_what_cannot_be_is_said() -> None:
    wanted = ControlSettings(exposure=5000, gain=10)
    found = list(adjustable(wanted, lambda: Knobs()("")))
    assert [one.level for one in found] == ["note", "warning"]
    assert "exposure 3 to 2047 or auto, now auto" in found[0].text
    assert found[1].text == "camera.controls.exposure = 5000: it takes 3 to 2047"
    assert found[1].todo


def test_a_camera_that_camd_itself_reads_is_no_error(tmp_path: Path) -> None:
    node, program = tmp_path / "video0", tmp_path / "camd"
    node.touch()
    program.write_text(
        f"#!{sys.executable}\nheld = open({str(node)!r}); print(flush=True); input()"
    )
    program.chmod(0o755)
    assert _own(str(node), "busy") is None
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        found = _own(str(node), "busy")
        assert _own(str(node), "failed") is None
        running.communicate(b"\n")
    assert found is not None
    assert found.level == "note"
    assert f"PID {running.pid}" in found.text


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The configuration of a service whose broker wants a password, which only root may read."""
    folder = tmp_path / "etc"
    folder.mkdir()
    monkeypatch.setattr(layers, "SYSTEM_FILE", folder / "config.toml")
    monkeypatch.setattr(layers, "user_file", lambda: tmp_path / "none.toml")
    cv2.imwrite(str(tmp_path / "page.png"), page("3 2 5"))
    (folder / "desk.mqtt.password").write_text("sesame\n")
    (folder / "desk.camera.device").write_text(f"{tmp_path}/page.png\n")
    (folder / "mqtt.password").write_text("of another\n")
    passwords = password_file(tmp_path / "passwords", "camd", "sesame")
    passwords.chmod(0o644)
    with mosquitto(f"allow_anonymous false\npassword_file {passwords}\n") as broker:
        desk = folder / "desk.toml"
        desk.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nusername = "camd"\n')
        yield desk


def test_the_secrets_of_the_service_are_tried(service: Path) -> None:
    out = io.StringIO()
    assert examine(service, {}, out, as_json=False) == 0
    assert "logged in as camd" in out.getvalue()
    assert "sesame" not in out.getvalue()


def test_secrets_that_only_root_may_read_are_named(
    service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    out = io.StringIO()
    assert examine(service, {}, out, as_json=False) == 69
    assert f"{service.parent}/desk.mqtt.password, which this user may not read" in out.getvalue()
    assert "sudo camd doctor" in out.getvalue()


def test_another_configuration_has_no_secrets_of_the_service(service: Path, tmp_path: Path) -> None:
    assert layers.service_credentials(tmp_path / "desk.toml") == {}
    assert layers.service_credentials(None) == {"mqtt.password": service.parent / "mqtt.password"}


@few
@given(texts)
def test_no_name_is_taken_for_markup(text: str) -> None:
    out = io.StringIO()
    missing = f"/nowhere/{text.encode('utf-8', 'ignore').decode()}"
    given = {("camera", "device"): missing, ("mqtt", "broker"): "none"}
    assert examine(None, given, out, as_json=False) == 69
    first = printable(address.redact(missing)).split("\n")[0]
    assert first in out.getvalue()
