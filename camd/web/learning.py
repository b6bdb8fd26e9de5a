"""Labelling crops on the page, and learning from them: `camd learn` does that, in a process of its
own, which leaves the processor to the loop."""

import base64
import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
from pydantic import BaseModel, ConfigDict, Field

from camd import learnt, paths
from camd.config.settings import Settings
from camd.corrections import Sample, Store
from camd.errors import CamdError
from camd.mqtt import payloads

log = logging.getLogger(__name__)

BATCH = 30
"""Crops that are sent at once: somebody who is quick labels one a second."""
LAST_LINES = 50
"""Lines of what is being done that are kept."""
KIND = 19
"""How nice the process is to others; the kindest that Linux knows."""
MOST_ID = 2**62


class Label(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int = Field(ge=1, le=MOST_ID)
    label: int | None = Field(ge=-1, le=9)
    """-1: no digit; None: nobody knows."""
    skip: bool = False


class Learning:
    """Any thread may call it."""

    def __init__(self, file: Path | None, reload: Callable[[], None]) -> None:
        """`file`: the configuration that the command line names. `reload` has camd start anew, or
        raises CamdError."""
        self._file = file
        self._reload = reload
        self._lock = threading.Lock()
        self._job: _Job | None = None

    def known(self, settings: Settings, model: str) -> dict[str, Any]:
        """Return what is to be labelled, and how learning goes. Raises CamdError."""
        path = paths.crops(settings.name)
        store = Store(path, settings.learn.most) if path.exists() else None
        counts = store.counts() if store else None
        job = self._job
        return {
            "keeps": settings.learn.keep,
            "crops": [_item(sample) for sample in store.to_label(BATCH)] if store else [],
            "left": counts.left if counts else 0,
            "digits": counts.digits if counts else 0,
            "others": counts.others if counts else 0,
            "model": model,
            "learnt": learnt.file(settings) is not None,
            "job": job.state() if job else None,
        }

    def label(self, settings: Settings, asked: Label) -> bool:
        """Raises CamdError."""
        path = paths.crops(settings.name)
        if not path.exists():
            return False
        store = Store(path, settings.learn.most)
        return store.label(asked.id, asked.label, skip=asked.skip)

    def start(self, settings: Settings) -> None:
        """Begin to learn. Raises CamdError where camd is learning already."""
        with self._lock:
            if self._job and self._job.running:
                raise CamdError("camd is learning already")
            self._job = _Job(self._file, settings.name, self._reload)

    def back(self, settings: Settings) -> None:
        """Bring the old model back, and have it used. Raises CamdError."""
        with self._lock:
            if self._job and self._job.running:
                raise CamdError("camd is learning: wait until it is done")
            said = learnt.back(settings)
            self._job = None
        log.info("page: %s is back", said)
        self._reload()

    def close(self) -> None:
        """End what is being learnt."""
        with self._lock:
            if self._job:
                self._job.end()


class _Job:
    """One run of `camd learn`."""

    def __init__(self, file: Path | None, name: str, reload: Callable[[], None]) -> None:
        self._reload = reload
        self._lines: list[str] = []
        self._report: dict[str, Any] | None = None
        self._error = ""
        command = [sys.executable, "-m", "camd", "learn", "--json", "--name", name]
        if file:
            command += ["--config", str(file)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env={**os.environ, "NO_COLOR": "1", "COLUMNS": "1000"},
            )
        except OSError as error:
            raise CamdError(f"learning cannot be started: {error.strerror}") from error
        with contextlib.suppress(OSError):  # it may have ended
            os.setpriority(os.PRIO_PROCESS, self._process.pid, KIND)
        log.info("page: learning from the labelled crops")
        self._thread = threading.Thread(target=self._follow, name="learning", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def state(self) -> dict[str, Any]:
        return {
            "running": self.running,
            "doing": self._lines[-1] if self._lines else "starting",
            "error": self._error,
            "report": self._report,
        }

    def end(self) -> None:
        self._process.terminate()

    def _follow(self) -> None:
        """Runs in the thread."""
        assert self._process.stdout
        assert self._process.stderr
        for line in self._process.stderr:
            self._lines = [*self._lines, line.strip().removeprefix("camd: ")][-LAST_LINES:]
        said = self._process.stdout.read()
        if self._process.wait() != 0:
            self._error = self._lines[-1] if self._lines else "learning has ended without a word"
            log.warning("page: learning failed: %s", self._error)
            return
        report: dict[str, Any] = json.loads(said)
        if report["swapped"]:
            log.info("page: the model has learnt, and is used")
            try:
                self._reload()
            except CamdError as error:
                self._error = str(error)
        else:
            log.info("page: the model stays as it is: %s", report["refused"])
        self._report = report


def _item(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.id,
        "at": payloads.timestamp(sample.at),
        "region": sample.region,
        "why": sample.why,
        "guess": sample.guess,
        "confidence": payloads.confidence(sample.confidence),
        "crop": _inline("png", cv2.imencode(".png", 255 - sample.crop)[1].tobytes()),
        "around": _inline("jpeg", sample.around),
    }


def _inline(kind: Literal["png", "jpeg"], data: bytes) -> str:
    """Return a picture as an address that holds it."""
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()
