"""Give a model file another self-test, its machines as they are: python -m training.fit.seal MODEL
--data MNIST."""

import argparse
import logging
from pathlib import Path

from camd.classify import model_file
from camd.errors import CamdError
from training import digits as datasets
from training.digits import Digits
from training.fit import export
from training.fit.self_test import with_tests

log = logging.getLogger(__name__)


def renew(path: Path, digits: Digits) -> str:
    """Give the model file `path` another self-test, and return its new id; its card follows.

    Raises CamdError."""
    arrays, meta = model_file.read(path)
    return export.replace(path, *with_tests(arrays, meta, datasets.hold_out(digits)[1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m training.fit.seal", description=__doc__)
    parser.add_argument("model", type=Path, help="the model file that is changed")
    parser.add_argument("--data", type=Path, required=True, help="MNIST as .npz (x, y)")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parser.parse_args()
    try:
        log.info("wrote %s, %s", options.model, renew(options.model, datasets.load(options.data)))
    except CamdError as problem:
        raise SystemExit(f"training.fit.seal: {problem}") from None
