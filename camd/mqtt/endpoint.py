"""From settings to a paho client that can connect: login, encryption, last will."""

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from camd.address import redact
from camd.config.password import first_line
from camd.config.settings import MqttSettings, Settings
from camd.errors import ConfigError
from camd.mqtt.limits import FULL, Terms
from camd.mqtt.payloads import OFFLINE
from camd.mqtt.timing import USUAL
from camd.mqtt.topics import Topics

MOST_BYTES = 65535
"""Most bytes of any text in MQTT; with a longer one paho fails in its own thread. It is also the
largest message that we let a broker send us, where the protocol can say so."""

_PROTOCOLS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str
    port: int
    client_id: str
    status_topic: str
    keepalive_s: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311
    websocket_path: str | None = None
    """None: plain TCP."""

    @classmethod
    def of(cls, settings: Settings, boot: str) -> "Endpoint":
        """Raises ConfigError where a file it names cannot be used or values contradict."""
        own = settings.mqtt.broker == "embedded"
        options = settings.mqtt
        endpoint = cls(
            host=options.host,
            port=options.port,
            client_id=options.client_id or f"camd-{settings.name}-{boot}",
            status_topic=Topics.of(options.prefix, settings.name).status,
            keepalive_s=options.keepalive_s,
            username=None if own else options.username,
            password=None if own else _password(options),
            tls=_tls(options) if options.tls and not own else None,
            protocol=MQTTProtocolVersion.MQTTv311 if own else _PROTOCOLS[options.protocol],
            websocket_path=None if own or options.transport == "tcp" else options.websocket_path,
        )
        texts = (endpoint.username, endpoint.password, endpoint.client_id)
        try:
            fits = all(len((text or "").encode()) <= MOST_BYTES for text in texts)
        except UnicodeError:  # its text shows a part of the password
            fits = False
        if not fits:
            raise ConfigError(
                "mqtt: username, password or client_id is too long, or holds what is no text"
            )
        return endpoint

    def connect(self, client: mqtt.Client) -> None:
        """Open the connection and send the request. Raises OSError, or what paho makes of a peer
        that speaks something else."""
        properties = None
        if self.protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = MOST_BYTES
        client.connect(self.host, self.port, self.keepalive_s, properties=properties)
        sock = client.socket()
        if isinstance(sock, socket.socket):  # paho's WebSocket hides it
            # Small messages would wait for the broker's acknowledgement of those before, 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}{redact(self.websocket_path or '')}"

    @property
    def expires(self) -> bool:
        """Whether messages can expire: MQTT 5 alone lets them."""
        return self.protocol == MQTTProtocolVersion.MQTTv5

    def properties(self, expires_s: int | None) -> Properties | None:
        """Return what makes a message expire after so many seconds, where that is possible."""
        if expires_s is None or not self.expires:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = expires_s
        return properties

    def packet_bytes(
        self, topic: str, payload: bytes, qos: int, expires_s: int | None = None
    ) -> int:
        """Return the size of the message on the wire (3.3 of both versions)."""
        properties = 0
        if self.protocol == MQTTProtocolVersion.MQTTv5:
            properties = 1 if expires_s is None else 6  # their length; a kind, and four bytes
        rest = 2 + len(topic.encode()) + (2 if qos else 0) + properties + len(payload)
        length = next(count for count in range(1, 5) if count == 4 or rest < 1 << 7 * count)
        return 1 + length + rest

    def client(self, terms: Terms = FULL, reach_s: float = USUAL.reach_s) -> mqtt.Client:
        """Return a client whose will is as `terms` say, and that has never been used: paho carries
        unacknowledged messages over from one connection to the next, and would put an old reading
        over a new one. `reach_s`: in which the connection must stand."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=self.protocol,
            transport="websockets" if self.websocket_path else "tcp",
            # Without this paho answers a refused protocol version by asking for an older one.
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(0)  # the outbox keeps the window
        client.connect_timeout = reach_s
        client.username_pw_set(self.username, self.password)
        if self.tls:
            client.tls_set_context(self.tls)
        if self.websocket_path:
            client.ws_set_options(self.websocket_path)
        client.will_set(self.status_topic, OFFLINE, terms.qos, terms.retain)
        return client


def _password(options: MqttSettings) -> str | None:
    password: str | None = None
    if options.password is not None:
        password = options.password.get_secret_value()
    elif options.password_file is not None:
        password = first_line(options.password_file, "mqtt.password_file")
    if password is not None and not options.username:
        raise ConfigError("mqtt: a password needs mqtt.username as well")
    return password


def _tls(options: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
    except ssl.SSLError as exc:
        raise ConfigError(f"mqtt.ca_file: {options.ca_file} holds no certificates") from exc
    except OSError as exc:
        raise ConfigError(f"mqtt.ca_file: cannot read {options.ca_file}: {exc.strerror}") from exc
    if options.cert_file:
        _log_in(context, options.cert_file, options.key_file)
    return context


def _log_in(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    def no_password() -> bytes:  # without it OpenSSL asks the terminal
        raise ConfigError(f"mqtt.key_file: {key or cert} is encrypted; decrypt it for camd")

    try:
        context.load_cert_chain(cert, key, no_password)
    except ssl.SSLError as exc:
        raise ConfigError(
            f"mqtt.cert_file: {cert} and {key or cert} are no certificate and its key"
        ) from exc
    except OSError as exc:
        raise ConfigError(
            f"mqtt.cert_file: cannot read {cert} or {key or cert}: {exc.strerror}"
        ) from exc
