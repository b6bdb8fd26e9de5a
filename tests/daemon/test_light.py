"""A light that is on while camd looks: real process, real broker, a camera that looks seldom."""

import signal
from pathlib import Path

from testing.broker import LONG, Subscriber, mosquitto, until
from testing.pages import page
from testing.process import camd, start
from tests.sources.servers import mjpeg

CONFIG = """
[camera]
every_s = 1
light_ms = 300
light_topic = "cellar/lamp/set"
"""


def test_the_light_is_on_around_each_look_and_off_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(CONFIG)
    with (
        mosquitto() as broker,
        mjpeg([page("325")], every_s=0.1) as port,
        Subscriber(broker.host, broker.port, "cellar/#") as heard,
    ):
        process = start(
            *("run", "--device", f"http://127.0.0.1:{port}/stream", "--config", "c.toml"),
            *("--broker", f"mqtt://{broker.host}:{broker.port}", "--no-window"),
            home=tmp_path,
        )
        try:
            until(lambda: len(heard.on("cellar/lamp/set")) >= 5)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=LONG)
        finally:
            process.kill()
            process.wait()
        heard.wait_payload("cellar/lamp/set", b"off")
        said = [(item.payload, item.retained) for item in heard.on("cellar/lamp/set")]
    assert said[:4] == [(b"on", False), (b"off", False)] * 2
    assert said[-1] == (b"off", False)


def test_without_a_broker_there_is_nobody_to_tell(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(CONFIG)
    done = camd("run", "--config", "c.toml", "--broker", "none", home=tmp_path)
    assert done.returncode == 78
    assert "camera.light_topic needs a broker" in done.stderr
