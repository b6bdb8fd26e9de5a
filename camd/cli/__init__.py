"""The command line: one file a group of commands."""

import signal

TYPE_CHECKING = False  # as mypy knows it; see below why nothing more is imported here
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> "NoReturn":
    """Entry point; what it does is in root.py. It is apart so that Ctrl-C is quiet from the start.

    Python's own handler raises an exception wherever it is: in the middle of an import that is a
    traceback, or an ImportError. Commands that have something to put right ask for it, with
    `options.interruptible`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from camd import stdio  # noqa: PLC0415

    stdio.settle()
    from camd.cli.root import main as run  # noqa: PLC0415

    run()
