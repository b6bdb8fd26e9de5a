"""Publishes one message, for a command that needs no more than that."""

import time
from dataclasses import replace
from typing import Any

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from camd.config.settings import Settings
from camd.errors import PublishError
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.limits import LESS, Terms

ANSWER_S = 10.0
SILENT = "it does not answer"
HUNG_UP = "it hangs up without a word"


def publish(settings: Settings, topic: str, payload: bytes) -> None:
    """Publish `payload` on `topic`, retained and with QoS 1 if the broker allows that, and return
    once the broker has it.

    Raises ConfigError, or PublishError where the broker is absent, refuses or does not answer."""
    endpoint = Endpoint.of(settings, "once")
    # Not the id of a camd that runs: the broker would end its connection.
    endpoint = replace(endpoint, client_id=f"{endpoint.client_id}-once")
    for terms in LESS:
        trouble = _publish(endpoint, topic, payload, terms)
        if trouble != HUNG_UP:
            break
    if trouble:
        raise PublishError(f"the MQTT broker at {endpoint.address} took nothing: {trouble}")


def _publish(endpoint: Endpoint, topic: str, payload: bytes, terms: Terms) -> str:
    """Return what went wrong; "" if nothing did."""
    client = endpoint.client()
    client.will_clear()
    trouble = SILENT

    def connected(_client: Any, _data: Any, _flags: Any, reason: ReasonCode, _: Any) -> None:
        nonlocal trouble
        if reason.is_failure:
            trouble = str(reason)
        else:
            trouble = HUNG_UP
            client.publish(topic, payload, terms.qos, terms.retain)

    def published(_client: Any, _data: Any, _id: int, reason: ReasonCode, _: Any) -> None:
        nonlocal trouble
        if not terms.qos:  # it has left, no more; the answer to what follows says that it arrived
            client.unsubscribe(f"{topic}/none")
            return
        trouble = str(reason) if reason.is_failure else ""
        client.disconnect()

    def answered(*_: Any) -> None:
        nonlocal trouble
        trouble = ""
        client.disconnect()

    client.on_connect = connected
    client.on_publish = published
    client.on_unsubscribe = answered
    try:
        endpoint.connect(client)
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            if client.loop(0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return trouble
    except OSError as exc:
        return exc.strerror or str(exc)
    return SILENT
