"""What docs/mqtt.md shows, as a broker delivered it, and the schemas as files.

`python -m tests.mqtt.reference` writes both anew; test_reference.py says when they are behind.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from camd.config import live
from camd.config.settings import MqttSettings, RegionSettings, Settings
from camd.mqtt.crops import answer, decode
from camd.mqtt.messages import TOPICS, schema
from camd.mqtt.publisher import Publisher
from camd.mqtt.requests import Request
from camd.values import Event, RegionEvent, RegionReading
from testing.broker import Subscriber, mosquitto
from testing.scenes import INFO, SEVEN, batch, frame, health, result

CLASSES = SimpleNamespace(
    labels=np.array([7, -1]), margins=np.array([1.25, -0.5]), confidence=np.array([0.9934, 0.875])
)
METER = RegionReading("meter", "ok", 19.47, "01947", 0.9876, good=19.47, rate=0.25)
ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "mqtt.md"
SCHEMAS = ROOT / "camd" / "mqtt" / "schemas"


def examples() -> dict[str, str]:
    """Return one message of each topic, by the last part of its topic."""
    with mosquitto() as broker, Subscriber(broker.host, broker.port) as subscriber:
        options = MqttSettings(host=broker.host, port=broker.port)
        corners = ((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))
        meter = RegionSettings(
            name="meter", corners=corners, label="Water meter", unit="m³", device_class="water"
        )
        settings = Settings(name="desk", mqtt=options, region=(meter,))
        publisher = Publisher(settings, boot="9f3c", model_id="a1b2c3d4")
        with patch("time.time", return_value=frame().at):
            publisher.start()
            assert publisher.wait_connected(30)
            scene = result(Event("change", SEVEN, was=1), changed=True, text="1947")
            scene = replace(scene, regions=(METER,))
            publisher.frame(frame(), scene, 100.0182)
            publisher.health(health())
            publisher.info(INFO)
            publisher.state(detection=True, options={"lines.gap": 2.5, "mqtt.max_rate": 10})
            set_to = RegionEvent("set", "meter", 19.46, 19.47)
            publisher.regions([replace(METER, event=set_to)], frame().at)
            publisher.respond(Request("set", 7), {"detection": True, "options": {"lines.gap": 2.5}})
            publisher.respond(Request("dance", 8), error="unknown; known are ...")
            crops = batch(np.zeros((2, 28, 28), np.uint8))
            publisher.crops(crops)
        said = answer(decode(crops).head, "a1b2c3d4", True, CLASSES)
        subscriber.publish("camd/desk/classes", said)
        more = {"response/set", "response/dance", "region/meter"}
        for name in ({*TOPICS} | more) - {"response", "region"}:
            subscriber.wait(f"camd/desk/{name}")
        publisher.stop()
        shown = {
            item.topic.removeprefix("camd/desk/"): item.payload.partition(b"\n")[0].decode()
            for item in subscriber.heard
            if not item.retained
        }
        of_digit, of_region = (
            item.payload.decode() for item in subscriber.wait("camd/desk/event", 2)
        )
        return shown | {"event": of_digit, "event/region": of_region}


def document(text: str, shown: dict[str, str]) -> str:
    """Return `text` with what is `shown` in the block below each `<!-- example: name -->`."""

    def block(match: re.Match[str]) -> str:
        return f"{match[1]}\n```json\n{shown[match[2]]}\n```\n"

    return re.sub(r"(<!-- example: (\S+) -->)\n```json\n.*?\n```\n", block, text, flags=re.DOTALL)


def schemas() -> dict[str, str]:
    """Return the text of each schema, by the name of its file."""
    made = {name: schema(name) for name in TOPICS} | {"request-set": live.schema()}
    return {
        name: json.dumps(item, indent=2, ensure_ascii=False) + "\n" for name, item in made.items()
    }


def main() -> None:
    DOCUMENT.write_text(document(DOCUMENT.read_text(), examples()))
    SCHEMAS.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (SCHEMAS / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
