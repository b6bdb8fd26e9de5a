"""Keeps a connection to a broker, for ever: one session after another, in a thread of its own.

Whatever goes wrong in a session, a broken callback or a peer that does not speak MQTT included,
costs that session and no more. The outbox is all that lasts from one to the next.
"""

import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal, TypeAlias

from camd.backoff import Backoff
from camd.mqtt import troubles
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.limits import UNLIMITED, Bargain, SizeLimit, Terms
from camd.mqtt.outbox import Outbox
from camd.mqtt.session import (
    NO_QOS,
    NO_RETAIN,
    BusyError,
    HungUpError,
    Known,
    OnMessage,
    RefusedError,
    Session,
    TakenOverError,
)
from camd.mqtt.timing import USUAL, Timing

log = logging.getLogger(__name__)

State: TypeAlias = Literal[
    "connecting", "connected", "no broker", "no answer", "busy", "refused", "taken over", "stopped"
]
"""`no broker`: nothing listens at the address. `no answer`: something does, but hangs up or stays
silent. `busy` and `refused` are what the broker itself says."""

HOPELESS = ("refused", "taken over")
"""States that only a person changes; tries are made all the same, but slowly."""

SHORT_MANY = 5
"""After so many connections in a row that the broker accepted, and closed without a reason in less
than Timing.short_s, another client with our id is suspected. Before MQTT 5 nothing else tells."""


class Connection:
    """Runs from `start` to `stop`; every method may be called from any thread."""

    def __init__(
        self,
        endpoint: Endpoint,
        outbox: Outbox,
        subscriptions: Sequence[str] = (),
        on_message: OnMessage = lambda *_: None,
        timing: Timing = USUAL,
        backoff: Backoff | None = None,
    ) -> None:
        """`on_message` is called in the connection's thread. Without a `backoff` the waits between
        tries are those of `timing`."""
        self._timing = timing
        self._backoff = backoff or Backoff(*timing.retry_s)
        self._endpoint = endpoint
        self._subscriptions = subscriptions
        self._on_message = on_message
        self._bargain = Bargain()
        self._limit = SizeLimit()
        self._short = 0
        self._unheard = 0
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
        """What went wrong last; empty once it works again."""
        self.retains = True
        """False where the broker keeps no message for those who subscribe later."""
        self.most = UNLIMITED
        """Bytes of the largest message that the broker takes, as far as that is known."""
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
        """Lend the outbox, locked. What is put into it is sent afterwards; with `wake` False it is
        only looked at."""
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
            self._thread.join(timeout + self._timing.grace_s)
        with self._changed:
            self._outbox.give_up()
        if not self._thread.is_alive():
            self._awake.close()
            self._waker.close()

    def say_once(self, about: str, text: str) -> None:
        """Log a warning, unless there was one about the same."""
        if about not in self._complained:
            self._complained.add(about)
            log.warning(text)

    def _wake(self) -> None:
        with suppress(OSError):  # full of earlier calls, or stopped: nobody to wake
            self._waker.send(b"\0")

    def _run(self) -> None:
        while self._stop_at is None:
            outcome = self._attempt()
            if outcome == "at once":
                continue
            if outcome == "stood":
                self._backoff.reset()
            pause = self._backoff.next(longest=self.state in HOPELESS)
            with self._changed:
                self._changed.wait_for(lambda: self._stop_at is not None, pause)
        self._enter("stopped", "")

    def _attempt(self) -> Literal["stood", "failed", "at once"]:
        """Run one session to its end, and say how it went."""
        session = None
        at_once = False
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
                self._known(),
                self._timing,
            )
            session.run()
            self._bargain.ended()
            at_once = self._stop_at is None  # a probe
        except TakenOverError:
            self._take_over()
        except RefusedError as exc:
            at_once = self._ask_less(session)
            if not at_once:
                self._enter("refused", str(exc), troubles.refused(self._endpoint, str(exc)))
        except OSError as exc:
            at_once = self._fail(session, exc)
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
        if at_once:
            return "at once"
        stood = session is not None and session.accepted and session.age() >= self._timing.short_s
        return "stood" if stood else "failed"

    def _known(self) -> Known:
        bargain, limit = self._bargain, self._limit
        return Known(bargain.terms, bargain.probing, limit.most, limit.careful)

    def _ask_less(self, session: Session | None) -> bool:
        """Return True where the broker has said that we ask for too much, and less will do."""
        code = session.code if session else 0
        if code in (NO_QOS, NO_RETAIN):
            return self._bargain.refused(qos=code == NO_QOS, retain=code == NO_RETAIN)
        self._bargain.ended()
        return False

    def _fail(self, session: Session | None, exc: OSError) -> bool:
        """Note what went wrong. Return True where to try at once, in another way."""
        reason = exc.strerror or str(exc)
        if session is not None and session.accepted:
            if self._ask_less(session):
                return True
            self._lose(session, exc, reason)
            return False
        self._short = self._unheard = 0
        reached = session is not None and session.reached
        if reached and isinstance(exc, HungUpError):
            if self._bargain.closed():
                return True
        else:
            self._bargain.ended()
        if isinstance(exc, BusyError):
            self._enter("busy", reason, troubles.busy(self._endpoint, reason))
        elif str(exc) == troubles.PROTOCOL_ERROR:
            self._enter("refused", reason, troubles.refused(self._endpoint, reason))
        elif reached or troubles.met_somebody(exc):
            self._enter("no answer", reason, troubles.unusable(self._endpoint, exc, reason))
        else:
            self._enter("no broker", reason, troubles.absent(self._endpoint, reason))
        return False

    def _lose(self, session: Session, exc: OSError, reason: str) -> None:
        hung_up = isinstance(exc, HungUpError)
        # A connection on which nothing was confirmed says nothing about sizes: suspicions stay.
        tried = session.confirmed or not self._limit.careful
        if tried and self._limit.broke(session.unproven if hung_up else {}, session.proven):
            self.most = self._limit.most
            for topic, size in session.unproven.items():
                log.warning(troubles.too_large(topic, size, self._limit.most))
        short = hung_up and not session.unproven and session.age() < self._timing.short_s
        self._short = self._short + 1 if short else 0
        self._unheard = self._unheard + 1 if short and not session.confirmed else 0
        if self._unheard >= SHORT_MANY:
            self._enter("refused", reason, troubles.unheard(self._endpoint, reason))
        elif self._short >= SHORT_MANY:
            self._take_over()
        else:
            self._enter("no broker", reason, troubles.lost(self._endpoint, reason))

    def _take_over(self) -> None:
        self._limit.forget()
        self._bargain.ended()
        rival = troubles.rival(self._endpoint)
        self._enter("taken over", rival, rival)

    def _accepted(self, terms: Terms, most: int) -> None:
        self.most = most
        self._enter("connected", "", f"connected to the MQTT broker at {self._endpoint.address}")
        self.retains = terms.retain
        if not terms.retain:
            self.say_once("retain", troubles.NO_RETAIN)
        if not terms.qos:
            self.say_once("QoS", troubles.NO_QOS)

    def _enter(self, state: State, error: str, message: str = "") -> None:
        """Set the state, and log it where it has changed."""
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
        self.say_once(topic, f"{topic}: {why}")
