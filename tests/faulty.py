"""camd as it is, but for the camera, which a script plays: python -m tests.faulty SCRIPT ARGUMENTS.

SCRIPT is JSON: a list of sessions, each a list of steps (see Scripted), or a reason why it does
not open. [step, times] repeats a step.
"""

import json
import sys

from camd.cli import root
from camd.daemon import daemon
from camd.errors import SourceError
from tests.sources.scripted import Scripted, Session


def sessions(text: str) -> list[Session]:
    found: list[Session] = []
    for session in json.loads(text):
        if isinstance(session, str):
            found.append(SourceError(f"scripted: {session}", session))
            continue
        steps: list[str] = []
        for step in session:
            steps += [step] if isinstance(step, str) else [step[0]] * step[1]
        found.append(steps)
    return found


def main() -> None:
    source = Scripted(*sessions(sys.argv.pop(1)), rate=50)
    daemon.sources.from_uri = lambda *_, **__: source  # type: ignore[assignment]
    daemon.sources.are_stills = lambda *_: False  # type: ignore[assignment]
    root.main()


if __name__ == "__main__":
    main()
