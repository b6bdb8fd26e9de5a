"""What cannot be read for long is said, of a region and of the camera: real process and broker."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from camd.mqtt.messages import schema
from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, until
from testing.pages import page
from testing.process import start
from tests.sources.servers import mjpeg

CONFIG = """
name = "w"
[camera]
timeout_s = 1
problem_after_s = 0.5
[rest]
after_s = 0
[track]
settle_ms = 50
[[region]]
name = "meter"
polygon = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]
digits = 3
problem_after_s = 0.5
"""


@contextmanager
def running(
    home: Path, broker: Mosquitto, port: int
) -> Iterator[tuple[subprocess.Popen[str], Subscriber]]:
    (home / "c.toml").write_text(CONFIG)
    with Subscriber(broker.host, broker.port, "camd/w/#") as heard:
        process = start(
            *("run", "--device", f"http://127.0.0.1:{port}/stream", "--config", "c.toml"),
            *("--broker", f"mqtt://{broker.host}:{broker.port}", "--no-window"),
            home=home,
            env={"STATE_DIRECTORY": str(home)},
        )
        try:
            yield process, heard
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=LONG)
            assert process.returncode == 0, log
            assert "Traceback" not in log
        finally:
            process.kill()
            process.wait()


def test_a_region_that_cannot_be_read_says_so_since_when_and_why(tmp_path: Path) -> None:
    pictures = [page("325")] * 150 + [page("32")] * 150
    with mosquitto() as broker, mjpeg(pictures) as port, running(tmp_path, broker, port) as run:
        _, heard = run
        topic = "camd/w/region/meter"

        def problems() -> list[str | None]:
            told = [item.json["problem"] for item in heard.on(topic)]
            return [said["why"] if said else None for said in told]

        until(lambda: "count" in problems(), "a problem")
        first = problems().index("count")
        until(lambda: None in problems()[first:], "the problem is solved")
        told = heard.on(topic)[first].json
        assert (told["status"], told["good"]) == ("count", 325)
        since, begun, at = map(
            datetime.fromisoformat, (told["since"], told["problem"]["since"], told["at"])
        )
        assert abs(since - begun) < timedelta(seconds=0.5), "both are of the last good frame"
        assert begun < at
        solved = heard.on(topic)[first + problems()[first:].index(None)].json
        assert solved["status"] == "ok"


def test_a_camera_that_gives_nothing_is_a_problem_of_all_of_it(tmp_path: Path) -> None:
    with mosquitto() as broker, ExitStack() as stack:
        serving = stack.enter_context(ExitStack())
        port = serving.enter_context(mjpeg([page("325")]))
        _, heard = stack.enter_context(running(tmp_path, broker, port))
        until(lambda: any(item.json["value"] for item in heard.on("camd/w/region/meter")))
        serving.close()

        def said() -> bool:
            health = [item.json["problem"] for item in heard.on("camd/w/health")]
            return bool(health and health[-1] and health[-1]["why"] and health[-1]["since"])

        until(said, "the camera's problem")
        until(lambda: (heard.on("camd/w/region/meter")[-1].json["problem"] or {}).get("why"))
        assert heard.on("camd/w/region/meter")[-1].json["status"] == "unseen"


def test_the_blueprint_for_home_assistant_uses_what_is_told() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!input", lambda _, node: f"input {node.value}")
    examples = Path(__file__).parents[2] / "examples" / "home-assistant"
    text = (examples / "cannot_read.yaml").read_text()
    found = yaml.load(text, Loader)  # noqa: S506
    inputs = found["blueprint"]["input"]
    assert set(re.findall(r"!input (\w+)", text)) == set(inputs)
    asked = set(re.findall(r"state_attr\(problem, '(\w+)'\)", text)) - {"friendly_name"}
    assert asked == set(schema("region")["$defs"]["Problem"]["properties"])
    said = inputs["message"]["default"][0]["data"]["message"]
    assert set(re.findall(r"{{ (\w+) }}", said)) <= set(found["variables"])
