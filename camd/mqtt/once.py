"""One message to a broker, for a command that ends with it."""

import time
from dataclasses import replace
from typing import Any

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from camd.config.settings import Settings
from camd.errors import PublishError
from camd.mqtt.endpoint import Endpoint

ANSWER_S = 10.0


def publish(settings: Settings, topic: str, payload: bytes) -> None:
    """Publish `payload` retained on `topic`, and return when the broker has it.

    Raises ConfigError, or PublishError where the broker is absent, refuses or does not answer."""
    endpoint = Endpoint.of(settings, "once")
    # Not the id of a camd that runs: the broker would end its connection.
    endpoint = replace(endpoint, client_id=f"{endpoint.client_id}-once")
    client = endpoint.client()
    client.will_clear()
    trouble = "it does not answer"

    def connected(_client: Any, _data: Any, _flags: Any, reason: ReasonCode, _: Any) -> None:
        nonlocal trouble
        if reason.is_failure:
            trouble = str(reason)
        else:
            client.publish(topic, payload, qos=1, retain=True)

    def published(_client: Any, _data: Any, _id: int, reason: ReasonCode, _: Any) -> None:
        nonlocal trouble
        trouble = str(reason) if reason.is_failure else ""
        client.disconnect()

    client.on_connect = connected
    client.on_publish = published
    try:
        endpoint.connect(client)
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            if client.loop(0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
    except OSError as exc:
        trouble = exc.strerror or str(exc)
    if trouble:
        raise PublishError(f"the MQTT broker at {endpoint.address} took nothing: {trouble}")
