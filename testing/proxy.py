"""A TCP proxy between camd and a broker, with the faults of networks and bad brokers."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from testing.broker import Mosquitto

CONNACK = 2
PUBLISH = 3
PUBACK = 4
SUBSCRIBE = 8
SUBACK = 9
PUBLISH_QOS1 = 0x32


Flying: TypeAlias = dict[bytes, bytes]


class Proxy:
    """Stands in for the broker at `host` and `port`; faults are switched on and off at any time."""

    host = "127.0.0.1"

    def __init__(self, broker: Mosquitto) -> None:
        self.frozen = False
        """Nothing passes, in either direction, and nothing is closed: a half-open connection."""
        self.withhold_pubacks = False
        self.deny_subscriptions = False
        self.properties = b""
        """Of MQTT 5, said in the place of the broker's own when it accepts a connection."""
        self.pause_s = 0.0
        """Before each piece of at most 512 bytes on its way to the broker."""
        self.connections = 0
        self.heads: list[bytes] = []
        """How each packet to the broker begins, in order: 100 bytes at most."""
        self.acknowledged: list[bytes] = []
        """Payloads of QoS 1 that the broker has confirmed, and the confirmation was passed on."""
        self.confirmed: list[bytes] = []
        """The same of what the broker has delivered, and the client confirmed."""
        self._broker = broker
        self._closing = False
        self._registry = threading.Lock()
        """Guards the connections: each is cut, or counted after the cut."""
        self._sockets: list[socket.socket] = []
        self._server = socket.create_server((self.host, 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closing = True
        for sock in (self._server, *self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def cut(self) -> int:
        """End the connections that there are; return how many there have been."""
        with self._registry:
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            return self.connections

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                try:
                    far = socket.create_connection((self._broker.host, self._broker.port))
                except OSError:
                    near.close()
                    continue
                with self._registry:
                    self.connections += 1
                    self._sockets += [near, far]
                up: dict[bytes, bytes] = {}
                down: dict[bytes, bytes] = {}
                for pump in (self._up, self._down):
                    arguments = (pump, near, far, up, down)
                    threading.Thread(target=self._run, args=arguments, daemon=True).start()

    def _run(
        self,
        pump: Callable[[socket.socket, socket.socket, Flying, Flying], None],
        near: socket.socket,
        far: socket.socket,
        up: Flying,
        down: Flying,
    ) -> None:
        with suppress(OSError, EOFError):
            pump(near, far, up, down)
        self._thaw()
        # What was passed on must still arrive: an end in both directions at once is a reset, which
        # undoes it where it was not read yet.
        source, sink = (near, far) if pump == self._up else (far, near)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while source.recv(65536):
                pass

    def _up(self, near: socket.socket, far: socket.socket, up: Flying, down: Flying) -> None:
        for packet in _packets(near):
            _note(packet, up)
            self.heads.append(packet[:100])
            for start in range(0, len(packet), 512 if self.pause_s else len(packet)):
                time.sleep(self.pause_s)
                self._thaw()
                far.sendall(packet[start : start + 512] if self.pause_s else packet)
            if packet[0] >> 4 == PUBACK:
                self.confirmed.append(down.pop(packet[2:4]))

    def _down(self, near: socket.socket, far: socket.socket, up: Flying, down: Flying) -> None:
        for packet in _packets(far):
            self._thaw()
            _note(packet, down)
            if packet[0] >> 4 == CONNACK and self.properties:
                rest = packet[2:4] + bytes([len(self.properties)]) + self.properties
                near.sendall(bytes([packet[0], len(rest)]) + rest)
            elif packet[0] >> 4 == SUBACK and self.deny_subscriptions:
                near.sendall(packet[:4] + b"\x80" * (len(packet) - 4))
            elif packet[0] >> 4 != PUBACK:
                near.sendall(packet)
            elif not self.withhold_pubacks:
                near.sendall(packet)
                self.acknowledged.append(up.pop(packet[2:4]))

    def _thaw(self) -> None:
        while self.frozen and not self._closing:
            time.sleep(0.01)


def _note(packet: bytes, flying: Flying) -> None:
    """Remember a message of QoS 1 until it is confirmed."""
    if packet[0] & 0xF6 == PUBLISH_QOS1:
        head = 1 + next(i for i, byte in enumerate(packet[1:], 1) if byte < 0x80)
        name = head + 2 + int.from_bytes(packet[head : head + 2])
        flying[packet[name : name + 2]] = packet[name + 2 :]


def _packets(sock: socket.socket) -> Iterator[bytes]:
    """Yield each MQTT packet that comes."""
    while True:
        head = _exactly(sock, 2)
        while head[-1] & 0x80:
            head += _exactly(sock, 1)
        length = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(head[1:]))
        yield head + _exactly(sock, length)


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


@contextmanager
def proxy(broker: Mosquitto) -> Iterator[Proxy]:
    made = Proxy(broker)
    try:
        yield made
    finally:
        made.close()
