"""A connection whose outbox, or whose listener, fails once: as a bug in camd would."""

from typing import Any

from camd.config.settings import MqttSettings, Settings
from camd.mqtt.connection import Connection
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.outbox import Message, Outbox
from camd.mqtt.payloads import ONLINE
from testing.scenes import IMPATIENT

STATUS = "camd/desk/status"
HEARD = "camd/desk/request/x"


class Failing(Outbox):
    """Raises at the first call of `method`, or of `hear`."""

    def __init__(self, method: str) -> None:
        super().__init__(10)
        self._method = method
        self.failed = False

    def opened(self, *args: Any) -> None:
        self._fail("opened")
        super().opened(*args)

    def take(self, *args: Any) -> dict[int, Message]:
        self._fail("take")
        return super().take(*args)

    def left(self, *args: Any, **more: Any) -> Message | None:
        self._fail("left")
        return super().left(*args, **more)

    def hear(self, *_: object) -> None:
        self._fail("hear")

    def _fail(self, method: str) -> None:
        if method == self._method and not self.failed:
            self.failed = True
            raise RuntimeError("planted")


def connection(broker: Any, outbox: Failing) -> Connection:
    """Return one that says online, and listens to HEARD."""
    mqtt = MqttSettings(host=broker.host, port=broker.port)
    endpoint = Endpoint.of(Settings(name="desk", mqtt=mqtt), "9f3c")
    outbox.put(Message(STATUS, ONLINE, qos=1, retain=True))
    return Connection(endpoint, outbox, [HEARD], outbox.hear, IMPATIENT)
