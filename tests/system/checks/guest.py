"""What the checks share: commands, services and their journal, what is published, and patience."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

READY = "checks/ready"
LONG = 300.0
"""Seconds that nothing takes unless it is broken, in an emulated guest on a busy machine."""


def run(*command: str, status: int = 0) -> str:
    """Return what `command` prints; it must end with `status`."""
    done = subprocess.run(command, stdout=-1, stderr=subprocess.STDOUT, text=True, check=False)
    text = done.stdout.strip()
    assert done.returncode == status, f"{' '.join(command)}: status {done.returncode}: {text}"
    return text


def until(true: Callable[[], T], what: str, seen: Callable[[], object] = str) -> T:
    """Wait for `true` to return something true, and return that. `seen` is asked where it never
    comes."""
    deadline = time.monotonic() + LONG
    while not (value := true()):
        assert time.monotonic() < deadline, f"never came true: {what}; {seen()}"
        time.sleep(0.2)
    return value


class Service:
    def __init__(self, name: str, config: str) -> None:
        self.name = name
        self.config = Path("/etc/camd", config)

    def get(self, key: str) -> str:
        return run("systemctl", "show", "--value", "-p", key, self.name)

    @property
    def pid(self) -> str:
        return self.get("MainPID")

    def configure(self, text: str) -> None:
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text(text)

    def status(self, *parts: str) -> str:
        """Wait for a STATUS that holds all `parts`; return it."""
        return until(
            lambda: (
                all(part in self.get("StatusText") for part in parts) and self.get("StatusText")
            ),
            f"status with {parts}",
            lambda: f"{self.get('StatusText')}\n{self.journal()[-2000:]}",
        )

    def mark(self) -> str:
        """Return the place in the journal where later entries of it begin: after an entry of
        another unit, journalctl would leave out the first of them."""
        last = run("journalctl", "-u", self.name, "-n", "1", "-o", "json")
        return last.partition('__CURSOR":"')[2].partition('"')[0]

    def journal(self, after: str = "") -> str:
        """Return what it and systemd have said about it, since `after` or this boot."""
        since = [f"--after-cursor={after}"] if after else ["-b"]
        return run("journalctl", "-u", self.name, "-o", "cat", *since)

    def says(self, pattern: str, after: str) -> str:
        """Wait for a line with `pattern` in the journal since `after`; return it."""
        search = re.compile(f"^.*{pattern}.*$", re.MULTILINE).search
        found = until(
            lambda: search(self.journal(after)), pattern, lambda: self.journal(after)[-2000:]
        )
        return found[0]


class Listener:
    """Collects what camera `name` publishes from now on, over restarts of the broker."""

    def __init__(self, name: str = "camd") -> None:
        topics: list[str] = []
        for topic in ("status", "reading", "event", "health"):
            topics += ["-t", f"camd/{name}/{topic}"]
        # Kept by the broker, and so the sign that all of them are subscribed to.
        run("mosquitto_pub", "-r", "-t", READY, "-m", "1")
        topics += ["-t", READY]
        self.heard: list[tuple[str, bool, str]] = []
        self._prefix = f"camd/{name}/"
        self._process = subprocess.Popen(
            ["mosquitto_sub", "-q", "1", "-F", "%t %r %p", *topics],
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        until(lambda: any(topic == READY for topic, _, _ in list(self.heard)), "subscribed")

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            topic, retained, payload = line.rstrip("\n").split(" ", 2)
            self.heard.append((topic.removeprefix(self._prefix), retained == "1", payload))

    def on(self, topic: str, *, retained: bool = False) -> list[Any]:
        """Return the payloads that came on `topic`; with `retained` also what the broker kept."""
        texts = [
            text for where, kept, text in list(self.heard) if where == topic and kept <= retained
        ]
        return texts if topic == "status" else [json.loads(text) for text in texts]

    def wait(self, topic: str, true: Callable[[Any], object], *, retained: bool = False) -> Any:
        """Wait for a payload on `topic` for which `true` holds; return it."""
        return until(
            lambda: [one for one in self.on(topic, retained=retained) if true(one)],
            f"such a message on {topic}",
            lambda: self.on(topic, retained=True)[-3:],
        )[0]
