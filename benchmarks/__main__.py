"""The benchmarks, one command each: `python -m benchmarks TABLE [--help]`."""

import importlib
import sys

from benchmarks import machine

TABLES = {
    "svm": "classify one digit, beside other machines",
    "exact": "the same labels and decision values as scikit-learn's SVC",
    "readers": "the same images read by camd and other readers",
    "ablate": "each mechanism that tells digits from other ink, switched off alone",
    "angles": "the same images turned by 24 angles",
    "regions": "values of regions drawn on labelled images: right, wrong or withheld",
    "learn": "what forty corrections of one writer bring, and what they cost elsewhere",
    "frame": "from a 1080p frame to its digits, beside other readers",
    "latency": "from capture to the message that a subscriber receives",
    "browsers": "what three browsers that watch the page cost the reading",
    "growth": "digits a frame, size of a frame, number of cameras",
    "start": "from the command to the first frame",
    "rest": "the cost of a still scene",
    "mqtt": "messages a second, and workers",
    "nudge": "a camera that is nudged before a meter: when its value is right again",
    "soak": "memory over 200,000 frames with faults",
}
ON_ONE_CORE = ("svm", "readers", "frame")


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in TABLES:
        width = max(map(len, TABLES))
        lines = (f"  {table:{width}}  {what}\n" for table, what in TABLES.items())
        sys.stderr.write(f"usage: python -m benchmarks TABLE [OPTIONS]\n\n{''.join(lines)}")
        sys.exit(0 if name in ("-h", "--help") else 2)
    del sys.argv[1]
    if name in ON_ONE_CORE:
        # This must be done before the packages are imported. scikit-learn-intelex counts the cores
        # at import; with threads for two cores on only one, they would keep each other busy.
        machine.one_core()
    importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
