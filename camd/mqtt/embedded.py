"""A broker inside this process, for those who have none: amqtt, in a thread of its own."""

import asyncio
import errno
import logging
import socket
import threading
from contextlib import suppress
from typing import Any

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from camd.errors import ConfigError, PublishError

log = logging.getLogger(__name__)

PORTS = 20
"""Number of ports after a taken one that are tried."""
START_S = 10.0
ENDING_S = 2.0
"""Longest wait for subscribers to take what is theirs, and then for them to go."""
CONNECT_S = 10.0
"""Seconds in which a client has to say who it is."""
PATIENCE = 1.5
"""A client must say something within so many of its keep-alives (MQTT 3.1.1, 3.1.2.10)."""


class _Reader(StreamReaderAdapter):  # type: ignore[misc]
    """amqtt waits for ever, in the midst of a packet, too; and it reads on, and acknowledges,
    faster than it passes on."""

    patience_s: float | None = None
    """A client that sends nothing for so long is gone."""
    read_before: "asyncio.Queue[Any] | None" = None
    """What is to be passed on first."""

    async def read(self, n: int = -1) -> bytes:
        """Return `n` bytes. Raises IncompleteReadError, or ConnectionResetError after a silence."""
        while self.read_before and not self.read_before.empty():
            await asyncio.sleep(0.001)
        data = b""
        while len(data) < n:
            try:
                async with asyncio.timeout(self.patience_s):
                    more = await self._reader.read(n - len(data))
            except TimeoutError as exc:
                raise ConnectionResetError("it has fallen silent") from exc
            if not more:
                raise asyncio.IncompleteReadError(data, n)
            data += more
        return data


class _Writer(StreamWriterAdapter):  # type: ignore[misc]
    """amqtt waits for ever until a client has taken what is left for it, and fails where that
    client has gone before."""

    ending_s = ENDING_S

    async def close(self) -> None:
        if self.is_closed:
            return
        try:
            with suppress(OSError):  # a timeout is one, too
                async with asyncio.timeout(self.ending_s):
                    await super().close()
        finally:  # amqtt cancels what it closes twice
            self._writer.transport.abort()


class _Broker(Broker):  # type: ignore[misc]
    """amqtt acknowledges a message before it passes it on, and forgets those that wait when
    their sender leaves: a farewell would be confirmed and never seen. From Python 3.12 on it
    reads without a pause what has arrived, and of 200 messages and a DISCONNECT passes on one.

    Nor does it close the connection of one who leaves without a CONNECT, sends a wrong one, or
    publishes to a wrong topic: each would cost a file descriptor for ever."""

    connect_s = CONNECT_S
    ending_s = ENDING_S

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        # For clients that promise no sign of life: one that vanished is noticed after some hours.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        out = _Writer(writer)
        out.ending_s = self.ending_s
        try:
            await self._client_connected(listener_name, _Reader(reader), out)
        finally:
            await out.close()

    async def _initialize_client_session(
        self, reader: _Reader, writer: _Writer, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        async with asyncio.timeout(self.connect_s):
            handler, session = await super()._initialize_client_session(
                reader, writer, remote_address, remote_port
            )
        # amqtt does nothing about one that falls silent, and would only break off our own waiting.
        reader.patience_s = session.keep_alive * PATIENCE or None
        reader.read_before = session.delivered_message_queue
        session.keep_alive = 0
        return handler, session

    async def _client_message_loop(
        self, client_session: Session, handler: BrokerProtocolHandler
    ) -> None:
        wait = handler.wait_disconnect

        async def wait_until_delivered() -> Any:
            packet = await wait()
            while not client_session.delivered_message_queue.empty():
                await asyncio.sleep(0.01)
            return packet

        handler.wait_disconnect = wait_until_delivered
        await super()._client_message_loop(client_session, handler)
        ours = self._sessions.get(client_session.client_id) == (client_session, handler)
        if ours and client_session.transitions.is_connected():  # thrown out: its will is due
            nothing = asyncio.get_running_loop().create_future()
            nothing.set_result(None)
            await self._handle_disconnect(client_session, handler, nothing)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """amqtt sends a newcomer what is retained for the subscriptions of everybody."""
        subscribers = self._subscriptions.get(subscription[0], ())
        if any(one.client_id == session.client_id for one, _ in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def drain(self) -> None:
        """Return when every message has been passed on to its subscribers."""
        while not self._broadcast_queue.empty() or not all(
            task.done() for task in self._tasks_queue
        ):
            await asyncio.sleep(0.01)


class EmbeddedBroker:
    """Anyone who reaches `host` may connect: it is meant for the loopback address."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 1883,
        *,
        ports: int = PORTS,
        connect_s: float = CONNECT_S,
        ending_s: float = ENDING_S,
    ) -> None:
        self._host = host
        self._port = port
        self._ports = ports
        self._connect_s = connect_s
        self._ending_s = ending_s
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._error: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self) -> tuple[str, int]:
        """Return the address to connect to, once the broker accepts there. The port is the one
        asked for, or the next that is free.

        Raises ConfigError where `host` is no address of this machine, PublishError where no
        port is free."""
        # amqtt tells every packet, and calls it an error where somebody only looks at the port.
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        asked = self._port
        self._port = self.free_port()
        if self._port != asked:
            log.info("port %d is taken: the embedded broker uses %d", asked, self._port)
        self._thread = threading.Thread(target=self._run, name="mqtt-broker", daemon=True)
        self._thread.start()
        self._ready.wait(START_S)
        if self._error is not None or not self._ready.is_set():
            raise PublishError(f"the embedded MQTT broker does not start: {self._error}")
        return self.address

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect to, once it has started."""
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
        return anywhere.get(self._host, self._host), self._port

    def stop(self, timeout: float = 5.0) -> None:
        """Pass on what has come in, and close; harmless when it does not run."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        with suppress(RuntimeError):  # its loop has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """False when its thread has ended, which only `stop` should bring about."""
        return self._thread is not None and self._thread.is_alive()

    def free_port(self) -> int:
        """Return the port to listen on: amqtt reports a taken one with a traceback, so look first.

        Raises as `start` does."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        for port in range(self._port, min(self._port + self._ports, 65535) + 1):
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:  # as asyncio does
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                try:
                    probe.bind((self._host, port))
                    return port
                except OSError as exc:
                    if exc.errno == errno.EADDRINUSE:
                        continue
                    text = (
                        f"mqtt.embedded_bind: cannot listen on {self._host}:{port}: {exc.strerror}"
                    )
                    raise ConfigError(text) from exc
        raise PublishError(
            f"ports {self._port} to {self._port + self._ports} are all taken: set mqtt.port"
        )

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as exc:
            self._error = exc
            if self._ready.is_set():
                log.exception("the embedded MQTT broker has died")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_tell)
        self._stop = asyncio.Event()
        broker = _Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{self._host}:{self._port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            },
            loop=self._loop,
        )
        broker.connect_s, broker.ending_s = self._connect_s, self._ending_s
        await broker.start()
        self._ready.set()
        await self._stop.wait()
        for ending in (broker.drain(), broker.shutdown()):
            try:
                await asyncio.wait_for(ending, self._ending_s)
            except TimeoutError:
                log.debug("embedded broker: a client holds up its end")


def _tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """asyncio would show each as a bug, with a traceback: they are those of a client."""
    log.debug("embedded broker: %s: %r", context["message"], context.get("exception"))
