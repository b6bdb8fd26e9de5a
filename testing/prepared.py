"""Start camd without its imports: they take three quarters of its start, and the tests start it
some hundred times.

One process a run of the tests imports all that camd needs, and waits. For each start it forks: the
child gets arguments, an environment, a folder and streams of its own, and does what `python -m`
does after the imports. It is a child of the tests as any other, with its own signals, memory and
exit status. What depends on how Python itself starts needs a fresh process: see `can_be_prepared`.
"""

import ctypes
import gc
import importlib
import inspect
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LIBRARIES = ("PYTHON", "LC_", "LANG", "LD_", "OMP_", "OPENBLAS_", "OPENCV_", "QT_", "MALLOC_")
"""What the names of settings begin with that Python and the libraries read only when they start."""
MODULES = (
    "camd.cli.root",
    "camd.daemon.daemon",
    "camd.daemon.loop",
    "camd.doctor.run",
    "camd.evaluate.clips",
    "camd.evaluate.images",
    "camd.evaluate.read",
    "camd.logs",
    "camd.mqtt.embedded",
    "camd.mqtt.publisher",
    "camd.sources.stream",
    "camd.web.server",
    "camd.workers.worker",
)
LIMIT = 1 << 20
"""Bytes of one request, at most."""
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""


def can_be_prepared(extra: Mapping[str, str]) -> bool:
    """Whether a process with these settings of the environment may begin after the imports."""
    return not any(key.startswith(LIBRARIES) for key in extra)


class Prepared(subprocess.Popen[str]):
    """A process begun after the imports of camd. `args`: Python, "-m", a module, its arguments."""

    def _execute_child(self, *values: Any) -> None:
        """Take the place of Popen's own fork and exec; all else of Popen stays."""
        parent = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]
        given = parent.bind(self, *values).arguments
        request = {"args": given["args"][2:], "env": dict(given["env"]), "cwd": str(given["cwd"])}
        ends = [given[end] for end in ("p2cread", "c2pwrite", "errwrite")]
        streams = [own if end == -1 else end for own, end in enumerate(ends)]
        self.pid = _forker.fork(json.dumps(request).encode(), streams)
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(given[pipe] for pipe in pipes))  # type: ignore[attr-defined]


class _Forker:
    """The tests' side of the process that waits. It is started once it is needed, and ends with
    the tests: its socket closes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._pid = 0

    def fork(self, request: bytes, streams: list[int]) -> int:
        with self._lock:
            if self._socket is None or self._pid != os.getpid():
                self._socket = self._start()
                self._pid = os.getpid()
            socket.send_fds(self._socket, [request], streams)
            return int(self._socket.recv(64))

    @staticmethod
    def _start() -> socket.socket:
        # So that the kernel gives us the children of those that have ended.
        if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            subprocess.Popen(
                [sys.executable, "-m", "testing.prepared", str(number)],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
            )
        return ours


_forker = _Forker()


def _wait(asked: socket.socket) -> dict[str, Any] | None:
    """Fork for each request that comes. Returns the request in the child, None at the end."""
    while True:
        request, streams, _, _ = socket.recv_fds(asked, LIMIT, 3)
        if not request:
            return None
        told, tell = os.pipe()
        between = os.fork()
        if not between:
            child = os.fork()
            if not child:
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                os.closerange(3, max(told, tell, asked.detach(), *streams) + 1)
                return dict(json.loads(request))
            os.write(tell, b"%d" % child)
            os._exit(0)
        # Only with its parent gone is the child one of the tests' own.
        os.waitpid(between, 0)
        asked.send(os.read(told, 64))
        for descriptor in (told, tell, *streams):
            os.close(descriptor)


def _become(request: Mapping[str, Any]) -> None:
    """Do what `python -m` does."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = request["args"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def main() -> None:
    # Ctrl-C is for the tests, which end this process by leaving.
    signal.signal(signal.SIGINT, lambda *_: None)
    for module in MODULES:
        importlib.import_module(module)
    # Else the first search for garbage in each child would copy all of this memory.
    gc.collect()
    gc.freeze()
    request = _wait(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        _become(request)


if __name__ == "__main__":
    main()
