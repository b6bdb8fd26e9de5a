"""Clients that are slow, gone, or talk nonsense: others notice nothing, and nothing is left of
them."""

import logging
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.web import server
from camd.web.feed import Feed
from testing.broker import until
from testing.scenes import frame, result
from tests.web import serving as served
from tests.web.serving import Client, serving, state

EVENTS = b"GET /page/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
PICTURE = b"GET /page/picture?after=%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
STALLED, ROUNDS = 20, 23


def feed() -> Feed:
    fed = Feed(served.settings())
    fed.show(frame(clock=time.monotonic() + 1000), result(text="1947"))
    fed.state = state(time.monotonic() + 1000, camera="open")
    return fed


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(feed()) as asked:
        yield asked


def connected(client: Client) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.port), timeout=60)


def ended(stream: socket.socket) -> bool:
    """Tell whether the other side has closed it."""
    try:
        return stream.recv(65536) == b""
    except ConnectionError:
        return True


def test_a_hundred_clients_that_take_nothing_keep_nobody_else_waiting(client: Client) -> None:
    with ExitStack() as stack:
        for number in range(100):
            stream = stack.enter_context(connected(client))
            # Some ask for what never ends, some for a picture, and some never end their question.
            stream.sendall((EVENTS, PICTURE % number, EVENTS[:30])[number % 3])
        for _ in range(10):
            assert client.ask("/api/readings").json["text"] == "1947"
            assert client.ask("/page/picture").status == 200
    with connected(client) as stream:  # the places of those that are gone are free
        stream.sendall(EVENTS)
        assert b"200" in stream.recv(1000)


def test_browsers_that_stall_cost_no_memory() -> None:
    fed = feed()
    with serving(fed) as client, ExitStack() as stack:
        for _ in range(STALLED):
            stream = stack.enter_context(connected(client))
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stream.sendall(EVENTS)
        reader = stack.enter_context(connected(client))
        reader.sendall(EVENTS)
        before = 0
        for number in range(ROUNDS):
            if number == 3:  # now what fits into the sockets is in there
                before = resident()
            said = f"{number:04}" * 50_000
            fed.show(frame(clock=time.monotonic() + 1000), result(text=said, changed=True))
            heard = b""
            while said[:8].encode() not in heard:
                heard = heard[-20:] + reader.recv(1 << 20)
        each = len(said) * (ROUNDS - 3)
        assert resident() - before < STALLED * each / 4


def resident() -> int:
    """Return the memory of this process, bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def test_more_connections_than_are_served_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 5)
    with serving(feed()) as client:
        with ExitStack() as stack:
            for _ in range(6):
                stack.enter_context(connected(client))
            assert client.ask("/api/readings").status == 503
        until(lambda: client.ask("/api/readings").status == 200, "the others are gone")


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
def test_a_connection_on_which_no_request_comes_is_closed(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.2)
    with serving(feed()) as client, connected(client) as stream:
        stream.sendall(said)
        assert ended(stream)


def test_it_ends_at_once_though_browsers_wait(client: Client) -> None:
    with serving(feed()) as asked, ExitStack() as stack:
        for number in range(5):
            stream = stack.enter_context(connected(asked))
            stream.sendall((EVENTS, PICTURE % number)[number % 2])
            stream.recv(100)
    with pytest.raises(OSError, match="refused"):
        asked.ask("/")
    assert client.ask("/").status == 200


PIECES = (
    b"GET ", b"POST ", b"PUT ", b"/", b"/api/readings", b"/session", b"/static/..%2f",
    b"/page/picture?width=", b"?", b"%00", b" HTTP/1.1\r\n", b" HTTP/9\r\n", b"\r\n",
    b"Host: localhost\r\n", b"Host: [\r\n", b"Host: a@b\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: x\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
    b"Cookie: a=b; camd_8711=\xff\r\n", b"Authorization: Basic !!\r\n",
    b"Origin: http://[\r\n", b"Content-Type: application/json\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n", b"{}", b"[", b"\xff\xfe", b"\0",
    b"a" * 70_000,
)  # fmt: skip
pieces = st.sampled_from(PIECES) | st.binary(max_size=12)
requests = st.lists(pieces, max_size=12).map(b"".join)


@settings(max_examples=150)
@given(said=requests)
def test_no_nonsense_is_a_bug_or_stops_it(client: Client, said: bytes) -> None:
    failed: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = failed.append  # type: ignore[method-assign]
    logging.getLogger("camd.web").addHandler(handler)
    try:
        with connected(client) as stream:
            try:
                stream.sendall(said)
                stream.shutdown(socket.SHUT_WR)
            except OSError:  # refused before it was all said; then there is nothing to shut down
                return
            answered = b""
            while not answered.endswith(b"\n\n"):
                try:
                    part = stream.recv(65536)
                except ConnectionError:
                    break
                if not part:
                    break
                answered += part
        assert not failed, failed[0].getMessage()
        assert b" 500 " not in answered[:20]
    finally:
        logging.getLogger("camd.web").removeHandler(handler)
    assert client.ask("/api/readings").status == 200
