"""Takes a stream's packets off the network as they come, and knows how old each of them is.

A thread does nothing else, so that nothing waits in the buffers of sockets, whatever the decoder is
busy with. A packet is as old as the time since it came; and older, where its own time says so: of
all packets the one that was fastest is taken to have come at once, and by as much as another is
late against it, it has waited somewhere on its way.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from camd.sources.base import MOST_PIXELS

REALTIME = frozenset({"rtsp", "rtp", "sdp", "mpjpeg", "mjpeg", "mpegts", "flv", "live_flv"})
"""Formats that come as fast as they are filmed. Others are files, or come in files, as HLS does:
they wait until they are taken."""
TIMELESS = frozenset({"mpjpeg", "mjpeg"})
"""Formats without times: FFmpeg numbers their pictures, whenever they come."""
MOST_WAITING = 8
"""Packets of the other formats that are taken before they are wanted."""
MOST_BYTES = 64 * 2**20
"""Bytes that wait at most. A camera of 4K sends 4 million a second."""
DRIFT = 5e-4
"""By how much a camera's clock may be slow against ours, seconds a second; quartz is ten times
better."""
NEW_CLOCK_S = 10.0
"""A packet that is early by more than that, or late, has a clock that began anew: no buffer holds
so much in a moment."""
CLOSING_S = 1.0
"""Longest wait for the thread at the end; a call into FFmpeg may last for `timeout_s`."""


@dataclass(frozen=True, slots=True)
class Arrived:
    packet: Any
    """av.Packet"""
    left: float
    """When it left the camera, by all that can be told: seconds, monotonic."""
    fresh: bool
    """Whether those before it are lost, and it begins anew: a key frame."""


class Clock:
    """Holds the times of packets against the times at which they come; both are seconds."""

    def __init__(self) -> None:
        self._fastest: float | None = None
        """The least difference of the two."""
        self._at = 0.0
        self._last = 0.0

    def left(self, stamp: float, arrival: float) -> float:
        """Return when a packet left that came at `arrival`, and that the camera calls `stamp`."""
        offset = arrival - stamp
        if self._fastest is not None:
            self._fastest += DRIFT * (arrival - self._at)
        if self._fastest is None or abs((stamp - self._last) - (arrival - self._at)) > NEW_CLOCK_S:
            self._fastest = offset
        self._fastest = min(self._fastest, offset)
        self._at, self._last = arrival, stamp
        return stamp + self._fastest


class Packets:
    """One connection to a camera. All of FFmpeg's demuxer stays in its thread."""

    def __init__(self, url: str, timeout_s: float, max_age_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._max_age_s = max_age_s
        self._changed = threading.Condition()
        self._waiting: deque[Arrived] = deque()
        self._bytes = 0
        self._fresh = False
        self._stop = self._ended = False
        self.stream: Any = None
        """av.VideoStream; None where none could be opened."""
        self.codec = ""
        """Where it has a codec that cannot be decoded: its name."""
        self._thread = threading.Thread(target=self._run, name="camd-packets", daemon=True)

    def open(self) -> bool:
        """Connect; return whether there is video."""
        self._thread.start()
        with self._changed:
            # FFmpeg keeps the limit for each of the several calls that it makes.
            self._changed.wait_for(
                lambda: self.stream is not None or self._ended, 2 * self._timeout_s
            )
            return self.stream is not None

    def take(self) -> Arrived | None:
        """Return the next packet; None where none came within `timeout_s`, or none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, self._timeout_s)
            if not self._waiting:
                return None
            arrived = self._waiting.popleft()
            self._bytes -= arrived.packet.size
            self._changed.notify_all()
            return arrived

    @property
    def ended(self) -> bool:
        """Whether the stream broke off."""
        return self._ended

    def close(self) -> None:
        with self._changed:
            self._stop = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        """Runs in the thread."""
        # Imported only where it is used: it takes a while, and cameras on this machine need none.
        import av  # noqa: PLC0415
        import av.error  # noqa: PLC0415

        try:
            options = {"rtsp_transport": "tcp"}  # UDP loses packets: torn pictures
            if not self._url.lower().startswith("http"):
                # What FFmpeg has read to find out what it is would come late, and all at once.
                options["fflags"] = "nobuffer"
            patience = (self._timeout_s, self._timeout_s)
            with av.open(self._url, options=options, timeout=patience) as container:
                self._demux(container)
        except (av.error.FFmpegError, OSError, ValueError):
            pass  # its text would hold the address; who has opened finds out why
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _demux(self, container: Any) -> None:
        streams = container.streams.video
        if not streams:
            return
        stream = streams[0]
        context = stream.codec_context
        if context is None:
            self.codec = "unknown"
            return
        context.options = {"max_pixels": str(MOST_PIXELS)}
        if context.name == "libdav1d":  # else it waits for more pictures, to decode several at once
            context.options |= {"max_frame_delay": "1"}
        kind = container.format.name.partition(",")[0]
        clock = None if kind in TIMELESS or kind not in REALTIME else Clock()
        with self._changed:
            self.stream = stream
            self._changed.notify_all()
        for packet in container.demux(stream):
            arrival = time.monotonic()
            if not packet.size:  # the end
                return
            left = arrival
            if clock and packet.dts is not None:
                left = min(arrival, clock.left(float(packet.dts * packet.time_base), arrival))
            if not self._put(packet, left, waits=kind not in REALTIME):
                return

    def _put(self, packet: Any, left: float, *, waits: bool) -> bool:
        """Hand a packet over; False: it is to end."""
        with self._changed:
            if waits:
                self._changed.wait_for(lambda: self._stop or len(self._waiting) < MOST_WAITING)
            else:
                self._make_room(packet, left)
            if self._stop:
                return False
            if self._fresh and not packet.is_keyframe:
                return True
            self._waiting.append(Arrived(packet, left, self._fresh))
            self._bytes += packet.size
            self._fresh = False
            self._changed.notify_all()
            return True

    def _make_room(self, packet: Any, left: float) -> None:
        """Leave out what waits where it has grown too old, and a key frame lets go on without it;
        or where it is too much."""
        late = bool(self._waiting) and left - self._waiting[0].left > self._max_age_s / 2
        if (packet.is_keyframe and late) or self._bytes > MOST_BYTES:
            self._waiting.clear()
            self._bytes = 0
            self._fresh = True
