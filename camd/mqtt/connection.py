"""Keeps a connection to a broker, for ever: one session after another, in a thread of its own.

Whatever goes wrong in a session, a broken callback or a peer that does not speak MQTT included,
costs that session and no more. The outbox is all that lasts from one to the next.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal, TypeAlias

from camd.backoff import Backoff
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.outbox import Outbox
from camd.mqtt.session import (
    UNLIMITED,
    BusyError,
    OnMessage,
    RefusedError,
    Session,
    TakenOverError,
)

log = logging.getLogger(__name__)

State: TypeAlias = Literal[
    "connecting", "connected", "no broker", "refused", "taken over", "stopped"
]

HOPELESS = ("refused", "taken over")
"""States that only a person changes; tries are made all the same, but slowly."""

_LOGIN = "check mqtt.username, mqtt.password_file and mqtt.cert_file"
_CHECK = {
    "Unsupported protocol version": "check mqtt.protocol",  # of MQTT 5; before, a protocol error
    "Client identifier not valid": "check mqtt.client_id",
    "Bad user name or password": _LOGIN,
    "Not authorized": _LOGIN,
    "Bad authentication method": _LOGIN,
}
"""By MQTT's own words for why nobody may connect."""

RETRY_S = (1.0, 30.0)
"""First and longest wait before the next try; it doubles."""
SHORT_S = 10.0
SHORT_MANY = 5
"""So many connections in a row that the broker took, and closed so soon without a reason: before
MQTT 5 that is all that two clients with one id notice of each other."""
HEAVY = 65536
HEAVY_MANY = 2
"""So many of them, each with a message of so many bytes: before MQTT 5 that is all that is noticed
of a limit. What is retained would be sent, and end the connection, for ever."""
GRACE_S = 0.5
"""For the thread to end after its time; it does not while it connects or looks up a name."""


class Connection:
    """Runs from `start` to `stop`; every method may be called from any thread."""

    def __init__(
        self,
        endpoint: Endpoint,
        outbox: Outbox,
        subscriptions: Sequence[str] = (),
        on_message: OnMessage = lambda *_: None,
    ) -> None:
        """`on_message` is called in the connection's thread."""
        self._endpoint = endpoint
        self._subscriptions = subscriptions
        self._on_message = on_message
        self._short = 0
        self._heavy = 0
        self._largest = UNLIMITED
        self._complained: set[str] = set()
        self._outbox = outbox
        self._changed = threading.Condition()
        """Guards the outbox and the state, and is never held while paho is called."""
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._stop_at: float | None = None
        self.state: State = "connecting"
        self.error = ""
        """What went wrong last, while it is not made good."""
        self.failures = 0
        """Exceptions that nobody expected, each survived."""

    @property
    def stopping(self) -> bool:
        return self._stop_at is not None

    def start(self) -> None:
        self._thread.start()

    def alive(self) -> bool:
        """False when the thread has ended, which only `stop` should bring about."""
        return self._thread.is_alive()

    @contextmanager
    def outbox(self, *, wake: bool = True) -> Iterator[Outbox]:
        """Lend the outbox under the lock; what is put into it goes out afterwards. `wake` False:
        to look at it."""
        with self._changed:
            yield self._outbox
        if wake:
            self._wake()

    def wait_connected(self, timeout: float) -> bool:
        """Wait until the first try has succeeded or failed; True when connected."""
        with self._changed:
            self._changed.wait_for(lambda: self.state != "connecting", timeout)
            return self._outbox.open

    def wait_room(self, timeout: float) -> bool:
        """Wait until nothing waits for its turn, or there is no connection to wait for."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._outbox.open or not self._outbox.queued, timeout
            )

    def stop(self, timeout: float) -> None:
        """Send what waits, say offline, disconnect; give up after `timeout` seconds.

        Returns at once where no broker is connected or being tried. A broker that did not get
        the farewell sends the will instead, which says the same."""
        with self._changed:
            self._stop_at = time.monotonic() + timeout
            self._changed.notify_all()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(timeout + GRACE_S)
        with self._changed:
            self._outbox.give_up()
        if not self._thread.is_alive():
            self._awake.close()
            self._waker.close()

    def _wake(self) -> None:
        with suppress(OSError):  # full of earlier calls, or stopped: nobody to wake
            self._waker.send(b"\0")

    def _run(self) -> None:
        backoff = Backoff(*RETRY_S)
        while self._stop_at is None:
            if self._attempt():
                backoff.reset()
            pause = backoff.next(longest=self.state in HOPELESS)
            with self._changed:
                self._changed.wait_for(lambda: self._stop_at is not None, pause)
        self._enter("stopped", "")

    def _attempt(self) -> bool:
        """Run one session to its end; True when a broker had accepted it."""
        session = None
        try:
            session = Session(
                self._endpoint,
                self._outbox,
                self._changed,
                self._awake,
                lambda: self._stop_at,
                self._accepted,
                self._subscriptions,
                self._on_message,
                self._complain,
                self._largest,
            )
            session.run()
        except TakenOverError:
            self._enter("taken over", self._rival(), self._rival())
        except RefusedError as exc:
            self._enter("refused", str(exc), self._refused(str(exc)))
        except OSError as exc:
            reason = exc.strerror or str(exc)
            if session is not None and session.accepted:
                self._lose(session, exc, reason)
            else:
                self._short = 0
                self._enter("no broker", reason, self._absent(exc))
        except Exception as exc:
            self.failures += 1
            level = logging.DEBUG if self.error == repr(exc) else logging.ERROR
            log.log(level, "MQTT connection failed by a bug in camd", exc_info=True)
            self._enter("no broker", repr(exc))
        finally:
            if session is not None:
                with suppress(OSError):
                    session.close()
            with self._changed:
                self._outbox.closed()
                self._changed.notify_all()
        return session is not None and session.accepted

    def _lose(self, session: Session, exc: OSError, reason: str) -> None:
        closed = isinstance(exc, ConnectionError) and session.age() < SHORT_S and not session.told
        self._short = self._short + 1 if closed else 0
        self._heavy = self._heavy + 1 if closed and session.heaviest >= HEAVY else 0
        if self._heavy >= HEAVY_MANY:
            self._largest = session.heaviest - 1
        if self._short >= SHORT_MANY:
            self._enter("taken over", self._rival(), self._rival())
        else:
            self._enter("no broker", reason, self._lost(reason))

    def _rival(self) -> str:
        return (
            f"another client seems to use the client id {self._endpoint.client_id} at "
            f"{self._endpoint.address}: stop it, or set another mqtt.client_id"
        )

    def _accepted(self) -> None:
        self._enter("connected", "", f"connected to the MQTT broker at {self._endpoint.address}")

    def _enter(self, state: State, error: str, message: str = "") -> None:
        """Note where we are, and say so when that is new."""
        level = logging.INFO if state == "connected" else logging.WARNING
        if state == self.state:
            level = logging.DEBUG
        with self._changed:
            self.state = state
            self.error = error
            self._changed.notify_all()
        if message:
            log.log(level, message)

    def _complain(self, topic: str, why: str) -> None:
        """Say what the broker denies us, once for each topic."""
        if topic not in self._complained:
            self._complained.add(topic)
            log.warning("%s: %s", topic, why)

    def _lost(self, reason: str) -> str:
        return f"lost the MQTT broker at {self._endpoint.address} ({reason}); trying again"

    def _absent(self, exc: OSError) -> str:
        hint = "start one there, name yours with --broker, or say --broker none"
        if isinstance(exc, ssl.SSLError):
            hint = "check mqtt.port, mqtt.tls and mqtt.ca_file"
        elif isinstance(exc, BusyError):
            hint = "it answers, but takes nobody now"
        elif str(exc) == "protocol error":
            hint = "check mqtt.port and mqtt.protocol"
        reason = exc.strerror or str(exc)
        return (
            f"no MQTT broker at {self._endpoint.address} ({reason}): {hint}. "
            "Reading goes on, and so do the tries"
        )

    def _refused(self, reason: str) -> str:
        return (
            f"the MQTT broker at {self._endpoint.address} refuses us ({reason}): "
            f"{_CHECK.get(reason, 'the log of the broker may say more')}. "
            "Reading goes on, and so do the tries"
        )
