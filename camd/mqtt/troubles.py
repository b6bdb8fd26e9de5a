"""What the log says of a broker that does not serve us, and what to do about it."""

import ssl

from paho.mqtt.client import WebsocketConnectionError

from camd.mqtt.endpoint import Endpoint

PROTOCOL_ERROR = "protocol error"
"""What paho calls an answer that is not MQTT, and before MQTT 5 also a version that is refused."""

NO_RETAIN = (
    "the MQTT broker keeps no retained messages, so camd says its state again every mqtt.health_s; "
    "who subscribes knows nothing before that"
)
NO_QOS = (
    "the MQTT broker confirms no messages (it takes QoS 0 only), so events and readings that are "
    "on their way when the connection breaks are lost, and not counted"
)

_PERSISTENCE = "Reading goes on, and so do the tries"
_LOGIN = "check mqtt.username, mqtt.password_file and mqtt.cert_file"
_CHECK = {
    "Unsupported protocol version": "check mqtt.protocol",
    PROTOCOL_ERROR: "check mqtt.port and mqtt.protocol",
    # mosquitto says so of a keep-alive above its own, too.
    "Client identifier not valid": "check mqtt.client_id and mqtt.keepalive_s",
    "Bad user name or password": _LOGIN,
    "Not authorized": _LOGIN,
    "Bad authentication method": _LOGIN,
}
"""For each reason that MQTT has for refusing a client, what to do about it."""


def met_somebody(exc: OSError) -> bool:
    """Tell whether an attempt to connect that failed so has found somebody there."""
    if isinstance(exc, TimeoutError):
        return "handshake" in str(exc)  # of TLS
    met = isinstance(exc, ConnectionError | ssl.SSLError)
    return met and not isinstance(exc, ConnectionRefusedError)


def absent(endpoint: Endpoint, reason: str) -> str:
    return (
        f"no MQTT broker at {endpoint.address} ({reason}): start one there, name yours with "
        f"--broker, or say --broker none. {_PERSISTENCE}"
    )


def unusable(endpoint: Endpoint, exc: OSError, reason: str) -> str:
    """Say that something is at the address that does not answer as a broker does."""
    options = "mqtt.tls, mqtt.transport and mqtt.protocol"
    if isinstance(exc, ssl.SSLError):
        options = "mqtt.tls and mqtt.ca_file"
    elif isinstance(exc, WebsocketConnectionError):
        options = "mqtt.transport and mqtt.websocket_path"
    return (
        f"what listens at {endpoint.address} does not serve us as an MQTT broker ({reason}): "
        f"check mqtt.port, {options}; its log may say more. {_PERSISTENCE}"
    )


def busy(endpoint: Endpoint, reason: str) -> str:
    return f"the MQTT broker at {endpoint.address} takes nobody now ({reason}). {_PERSISTENCE}"


def refused(endpoint: Endpoint, reason: str) -> str:
    return (
        f"the MQTT broker at {endpoint.address} refuses us ({reason}): "
        f"{_CHECK.get(reason, 'the log of the broker may say more')}. {_PERSISTENCE}"
    )


def lost(endpoint: Endpoint, reason: str) -> str:
    return f"lost the MQTT broker at {endpoint.address} ({reason}); trying again"


def unheard(endpoint: Endpoint, reason: str) -> str:
    """Say that the broker takes none of our messages."""
    return (
        f"the MQTT broker at {endpoint.address} takes us, and hangs up on the first message "
        f"({reason}): check mqtt.prefix, and that this user may publish to "
        f"{endpoint.status_topic}. {_PERSISTENCE}"
    )


def rival(endpoint: Endpoint) -> str:
    return (
        f"another client seems to use the client id {endpoint.client_id} at {endpoint.address}: "
        "stop it, or set another mqtt.client_id"
    )


def too_large(topic: str, size: int, most: int) -> str:
    return (
        f"{topic}: the MQTT broker hangs up on {size} bytes, so until camd starts anew messages of "
        f"more than {most} are left out, and pictures made smaller; raise the broker's limit"
    )


def coarse(most: int) -> str:
    return (
        "the MQTT broker takes small messages only, so pictures are made coarser or smaller, of "
        f"{most} bytes at most"
    )
