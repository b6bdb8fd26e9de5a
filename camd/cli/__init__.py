"""The command line: one file a group of commands."""

import gc
import signal

TYPE_CHECKING = False  # as mypy knows it; see below why nothing more is imported here
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> "NoReturn":
    """Entry point. It imports the commands, in root.py, only when it runs: so Ctrl-C is quiet from
    the start, and just ends camd.

    Python's own handler raises KeyboardInterrupt wherever the program is. During an import that is
    a traceback, or an ImportError. A command that has to clean up asks for this handler by
    `options.interruptible`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Imports make 60,000 objects that stay. Looking through them for garbage again and again took a
    # tenth of the start. Frames are arrays, freed without it.
    gc.set_threshold(50_000)
    from camd import stdio  # noqa: PLC0415

    stdio.settle()
    from camd.cli.root import main as run  # noqa: PLC0415

    run()
