"""The sample ACL, on the broker it is for."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from testing.broker import Mosquitto, Subscriber, find, mosquitto, until
from testing.scenes import Publishers, batch, event, frame, result

ACL = Path(__file__).parents[2] / "examples" / "mosquitto.acl"
CROPS = np.zeros((2, 28, 28), np.uint8)
USERS = ("camd-desk", "camd-worker", "homeassistant", "display")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    users = tmp_path / "users"
    users.touch()
    for user in USERS:
        subprocess.run([find("mosquitto_passwd"), "-b", str(users), user, "secret"], check=True)
    lines = f"allow_anonymous false\npassword_file {users}\nacl_file {ACL}\n"
    with mosquitto(lines) as running:
        yield running


def as_user(broker: Mosquitto, user: str) -> Subscriber:
    return Subscriber(broker.host, broker.port, login=(user, "secret"))


def test_a_camera_may_all_that_it_does(broker: Mosquitto, publishers: Publishers) -> None:
    login = {"username": "camd-desk", "password": "secret"}
    with as_user(broker, "homeassistant") as home, as_user(broker, "display") as display:
        publisher = publishers(broker, discovery=True, requests=True, **login)
        publisher.frame(frame(), result(event(), changed=True), 100.0)
        home.wait("homeassistant/device/camd_desk/config")
        for name in ("status", "reading", "event", "digits"):
            home.wait(f"camd/desk/{name}")
        display.wait("camd/desk/reading")
        home.publish("camd/desk/request/set", '{"detection":false}', qos=1)
        until(publisher.requests, "the request is heard")
        home.publish("homeassistant/status", "online", qos=1)
        home.wait("homeassistant/device/camd_desk/config", 2)
        display.publish("camd/desk/request/pause", qos=1)
        home.publish("camd/desk/request/pause", qos=1)
        home.publish("camd/desk/request/set", "{}", qos=1)
        until(lambda: (heard := publisher.requests()) and heard[-1].command == "set")
        assert {item.topic for item in display.heard} == {"camd/desk/reading", "camd/desk/status"}


def test_a_worker_hears_crops_alone(broker: Mosquitto, publishers: Publishers) -> None:
    answers: list[bytes] = []
    login = {"username": "camd-desk", "password": "secret"}
    with as_user(broker, "camd-worker") as worker:
        publisher = publishers(broker, on_classes=answers.append, **login)
        publisher.frame(frame(), result(), 100.0)
        publisher.crops(batch(CROPS))
        worker.wait("camd/desk/crops")
        worker.publish("camd/desk/classes", b"{}", qos=1)
        until(lambda: answers == [b"{}"], "the answer")
        assert {item.topic for item in worker.heard} == {"camd/desk/crops"}
