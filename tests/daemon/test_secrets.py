"""A password in an address or a configuration appears nowhere, whatever goes wrong with it."""

import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.broker import Subscriber, find, mosquitto, password_file
from testing.process import camd, start
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


@pytest.mark.parametrize("kind", ["refused", "closed", "no address", "no such file"])
def test_a_stream_that_fails(tmp_path: Path, rude: int, kind: str) -> None:
    address = {
        "refused": f"rtsp://admin:hunter2@127.0.0.1:{rude}/live?password=sesame77",
        "closed": "rtsp://admin:hunter2@127.0.0.1:1/user=a&password=sesame77&channel=1",
        "no address": "rtsp://admin:hunter2@[nowhere/x",
        "no such file": "ftp://admin:hunter2@host/x",
    }[kind]
    config = tmp_path / "c.toml"
    config.write_text(
        f'[camera]\ndevice = "{address}"\ntimeout_s = 1\n[mqtt]\nbroker = "none"\n'
        '[log]\nlevel = "debug"\n'
    )
    shown = camd("config", "show", "--config", config, home=tmp_path)
    checked = camd("doctor", "--config", config, home=tmp_path)
    process = start("run", "--config", config, "-v", home=tmp_path)
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "trying again" in line or "no such device" in line:
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
