"""camd worker: classifies the crops that other camds send; there can be any number of workers.

The broker gives each message to one of them (a shared subscription, MQTT 5, 4.8.2). A worker sends
its answer first and then acknowledges the message, on the same connection: so no message that was
acknowledged is without an answer."""

import logging
import secrets
import threading
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from camd import paths
from camd.backoff import Backoff
from camd.classify import svm
from camd.config.settings import Settings
from camd.errors import ConfigError
from camd.mqtt import crops as codec
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.timing import USUAL
from camd.runtime import bounded

log = logging.getLogger(__name__)

GROUP = "camd"
POLL_S = 0.25


def run(settings: Settings, stop: threading.Event) -> None:
    """Load the model and work until `stop` is set. Raises CamdError where it cannot start."""
    with bounded(settings.model.threads):
        # It gets crops; rows of digits are read where the camera is.
        model = svm.load(paths.model_file(settings.model.file), with_rows=False)
        Worker(settings, model, stop).run()


class Worker:
    def __init__(self, settings: Settings, model: svm.Model, stop: threading.Event) -> None:
        """Raises ConfigError where the settings name no broker that can be shared."""
        if settings.mqtt.broker != "external":
            raise ConfigError("mqtt.broker: workers need an external broker, as their cameras do")
        options = settings.mqtt.model_copy(update={"protocol": "5", "client_id": None})
        named = settings.model_copy(update={"mqtt": options, "name": "worker"})
        self._endpoint = Endpoint.of(named, secrets.token_hex(8))
        self._topic = f"$share/{GROUP}/{settings.mqtt.prefix}/+/crops"
        self._model = model
        self._stop = stop
        self._trouble = ""
        self._taken = False
        self._qos = 1

    def run(self) -> None:
        """Work until `stop` is set, through every loss of the broker."""
        backoff = Backoff(*USUAL.retry_s)
        while not self._stop.is_set():
            try:
                if self._session():
                    backoff.reset()
            except OSError as exc:
                self._say(exc.strerror or str(exc))
            except Exception:
                log.exception("the worker failed by a bug in camd")
            self._stop.wait(backoff.next())

    def _session(self) -> bool:
        """Serve one connection to its end; return whether the broker had accepted it."""
        client = self._endpoint.client()
        client.will_clear()
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        self._taken = False
        self._endpoint.connect(client)
        while not self._stop.is_set():
            if client.loop(POLL_S) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
        else:
            client.disconnect()
            client.loop(POLL_S)
        if not self._stop.is_set():
            self._say("the connection is lost")
        return self._taken

    def _connected(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._say(str(reason))
            client.disconnect()
            return
        # Some brokers allow QoS 0 only, without confirmation. That is enough: a camera's camd asks
        # again where it gets no answer.
        self._qos = min(1, getattr(properties, "MaximumQoS", 1))
        client.subscribe(self._topic, qos=1)

    def _subscribed(
        self, client: mqtt.Client, _data: Any, _id: int, reasons: list[ReasonCode], _: Any
    ) -> None:
        if reasons[0].is_failure:
            self._say(f"{self._topic}: {reasons[0]}")
            client.disconnect()
            return
        self._trouble = ""
        self._taken = True
        log.info("taking crops from %s", self._endpoint.address)

    def _received(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            batch = codec.decode(bytes(message.payload))
        except ValueError as error:
            log.warning("%s: %s", message.topic, error)
            return
        classified = self._model.classify(batch.crops)
        said = codec.answer(batch.head, self._model.id, self._model.open_set, classified)
        # paho acknowledges the message when this returns: after the answer.
        client.publish(message.topic.removesuffix("crops") + "classes", said, self._qos)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("MQTT broker at %s: %s; trying again", self._endpoint.address, trouble)
        self._trouble = trouble
