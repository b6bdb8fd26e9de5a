"""Tries the broker step by step: its name, port, encryption, login, and what the user may do."""

import secrets
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from camd.config.settings import Settings
from camd.doctor.finding import Finding
from camd.errors import ConfigError
from camd.mqtt.endpoint import Endpoint

PATIENCE_S = 5.0
"""Longest wait for one answer of the broker."""


def look(settings: Settings) -> Iterator[Finding]:
    """Stop at the first step that fails: the later ones need it."""
    options = settings.mqtt
    if options.broker != "external":
        what = "embedded" if options.broker == "embedded" else "none"
        yield Finding("broker", "note", f"mqtt.broker is {what}: nothing to connect to")
        return
    token = secrets.token_hex(2)
    # With the client id of a running camd, the broker would end that one's connection.
    own = settings.model_copy(update={"mqtt": options.model_copy(update={"client_id": None})})
    try:
        endpoint = Endpoint.of(own, f"doctor-{token}")
    except ConfigError as error:
        yield Finding("broker", "error", str(error), "correct the configuration")
        return
    where = f"{options.host}:{options.port}"
    try:
        found = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        todo = "correct mqtt.host, or the name server"
        yield Finding("broker", "error", f"{options.host}: no such name ({error})", todo)
        return
    addresses = sorted({str(item[4][0]) for item in found})
    yield Finding("broker", "ok", f"{options.host} is {', '.join(addresses)}")
    try:
        with socket.create_connection((options.host, options.port), PATIENCE_S) as sock:
            yield Finding("broker", "ok", f"{where} takes connections")
            if endpoint.tls:
                with endpoint.tls.wrap_socket(sock, server_hostname=options.host) as tls:
                    yield Finding("broker", "ok", f"{tls.version()}, certificate verified")
            else:
                yield _unencrypted(addresses, login=endpoint.username is not None)
    except ssl.SSLError as error:
        todo = "check mqtt.port (8883 is usual with tls), mqtt.ca_file, and the certificate's name"
        yield Finding("broker", "error", f"{where}: TLS fails: {error.reason or error}", todo)
        return
    except OSError as error:
        todo = "start the broker, or correct mqtt.host and mqtt.port; or a firewall is in the way"
        yield Finding("broker", "error", f"{where}: {error.strerror or error}", todo)
        return
    yield from _log_in(endpoint, f"{options.prefix}/{settings.name}/doctor", token)


def _unencrypted(addresses: list[str], *, login: bool) -> Finding:
    here = all(address.startswith("127.") or address == "::1" for address in addresses)
    if login and not here:
        todo = "set mqtt.tls = true if the broker offers TLS"
        return Finding("broker", "warning", "the password crosses the network unencrypted", todo)
    return Finding("broker", "note", "not encrypted")


def _log_in(endpoint: Endpoint, topic: str, token: str) -> Iterator[Finding]:
    client = endpoint.client()
    client.will_clear()
    answered, subscribed, returned = (threading.Event() for _ in range(3))
    refusal: list[str] = []

    def connected(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            refusal.append(str(reason))
        answered.set()

    def granted(_client: Any, _data: Any, _mid: Any, reasons: Any, _properties: Any) -> None:
        if not any(reason.is_failure for reason in reasons):
            subscribed.set()

    def message(_client: Any, _data: Any, received: Any) -> None:
        if received.payload == token.encode():
            returned.set()

    client.on_connect, client.on_subscribe, client.on_message = connected, granted, message
    try:
        client.connect(endpoint.host, endpoint.port, endpoint.keepalive_s)
        client.loop_start()
        if not answered.wait(PATIENCE_S):
            todo = "check mqtt.port: a web server's, or one for TLS, does this"
            yield Finding("broker", "error", "it takes the connection but does not answer", todo)
            return
        if refusal:
            todo = "check mqtt.username and mqtt.password_file, and the broker's users"
            yield Finding("broker", "error", f"it refuses us: {refusal[0]}", todo)
            return
        yield Finding("broker", "ok", f"logged in{_as(endpoint.username)}")
        client.subscribe(topic, qos=1)
        if not subscribed.wait(PATIENCE_S):
            text = f"this user may not read {topic}: whether it may write there was not tried"
            yield Finding("broker", "note", text)
            return
        client.publish(topic, token)  # with QoS 0, which every broker accepts
        if returned.wait(PATIENCE_S):
            yield Finding("broker", "ok", f"a message to {topic} came back")
        else:
            todo = f"let this user write {topic.rpartition('/')[0]}/# (the broker's ACL)"
            yield Finding("broker", "error", f"a message to {topic} did not come back", todo)
    except OSError as error:
        yield Finding("broker", "error", f"the connection broke: {error.strerror or error}")
    finally:
        client.disconnect()
        client.loop_stop()


def _as(username: str | None) -> str:
    return f" as {username}" if username else ", without a user name"
