"""Times how one digit is classified by camd and by other machines, in batches, on one core.

    python -m benchmarks svm --data mnist.npz [--notebook FOLDER] [--cnn lenet.onnx]

Times are processor times. Machines that are not installed are named and left out; they are in the
extra "bench". benchmarks/cnn.py makes the network.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.ours import Ours
from training import digits as data

BATCH = 20
"""Number of crops that are classified at once."""
ROUNDS = 15
"""How often each machine is timed."""
LEAST_S = 0.2
"""Least processor time of a round, seconds; a shorter one could not be timed well."""


@dataclass(frozen=True)
class Peer:
    name: str
    classify: Callable[[Any], Any]
    """Takes crops (N, 28, 28) uint8, gives labels (N,)."""
    same: bool = False
    """True when it is the same machine as ours and so makes the same errors."""


def peers(ours: Ours, options: argparse.Namespace) -> Iterator[Peer | str]:
    """Give each machine; for one that is left out, give the reason instead."""
    yield Peer("camd", lambda crops: ours.model.classify(crops).labels)
    yield Peer("camd without its gate", ours.labels)
    yield Peer(
        "scikit-learn's SVC, our vectors", lambda crops: ours.svc.predict(ours.seen(crops)), True
    )
    for make in (_intel, _onnx):
        try:
            yield make(ours)
        except ImportError as error:
            yield f"{make.__doc__}: {error}; left out"
    if options.notebook:
        from benchmarks import notebook  # noqa: PLC0415

        svc = notebook.machine(options.data, options.notebook)
        yield Peer(
            f"SVC.predict of the notebook's {len(svc.support_vectors_)} vectors of 784 pixels",
            lambda crops: svc.predict(crops.reshape(len(crops), -1) / 255.0),
        )
    else:
        yield "the notebook's machine: no --notebook; left out"
    if options.cnn:
        try:
            from benchmarks import network  # noqa: PLC0415

            session = network.session(options.cnn)
            yield Peer("LeNet-5 in ONNX Runtime", lambda crops: network.classify(session, crops))
        except ImportError as error:
            yield f"LeNet-5: {error}; left out"
    else:
        yield "LeNet-5: no --cnn; left out"


def _intel(ours: Ours) -> Peer:
    """scikit-learn-intelex"""
    from sklearnex.svm import SVC  # noqa: PLC0415

    # scikit-learn-intelex can only run machines of several classes that it has fitted itself.
    vectors = ours.svc.support_vectors_.astype(np.float32)
    fitted = SVC(C=ours.svc.C, gamma=ours.svc.gamma)
    fitted.fit(vectors, np.repeat(ours.svc.classes_, ours.svc.n_support_))
    return Peer(
        f"scikit-learn-intelex, {len(fitted.support_vectors_)} of our vectors",
        lambda crops: fitted.predict(ours.seen(crops)),
    )


def _onnx(ours: Ours) -> Peer:
    """ONNX Runtime's SVMClassifier"""
    from skl2onnx import to_onnx  # noqa: PLC0415

    from benchmarks.network import session  # noqa: PLC0415

    ours.svc.n_features_in_ = ours.svc.support_vectors_.shape[1]
    example = np.zeros((1, ours.svc.n_features_in_), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # scikit-learn's, of what skl2onnx asks for
        graph = to_onnx(ours.svc, example, options={"zipmap": False})
    run = session(graph.SerializeToString())
    return Peer(
        "ONNX Runtime's SVMClassifier, our vectors",
        lambda crops: run.run(None, {"X": ours.seen(crops).astype(np.float32)})[0],
        True,
    )


class Stopwatch:
    """Times one machine on batches of the test images, one round at each call."""

    def __init__(
        self, classify: Callable[[Any], Any], crops: Any, least_s: float = LEAST_S
    ) -> None:
        self._classify = classify
        whole = len(crops) // BATCH * BATCH
        self._batches = crops[:whole].reshape(-1, BATCH, *crops.shape[1:])
        self._done = 0
        self._each = 1
        self.round()
        self._each = max(1, round(least_s / max(1e-6, self.round() * BATCH)))

    def round(self) -> float:
        """Return the seconds for each digit, with its features."""
        began = time.process_time()
        for i in range(self._done, self._done + self._each):
            self._classify(self._batches[i % len(self._batches)])
        self._done += self._each
        return (time.process_time() - began) / (self._each * BATCH)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks svm", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="as for camd train")
    parser.add_argument("--notebook", type=Path, help="folder of benchmarks.notebook --cache")
    parser.add_argument("--cnn", type=Path, help="the network that benchmarks.cnn wrote")
    parser.add_argument("--errors", type=int, default=10_000, help="test images to count errors in")
    options = parser.parse_args()
    ours = Ours()
    digits = data.load(options.data)
    test, labels = digits.images[60_000:], digits.labels[60_000:]
    packages = ("scikit-learn", "scikit-learn-intelex", "onnxruntime", "skl2onnx")
    sys.stdout.write(f"{machine.line(packages)}, model {ours.model.id}\n\n")
    sys.stdout.write(
        f"| batches of {BATCH}, one core | errors in {options.errors} | a digit, median"
        " | quartiles | times camd | times camd without its gate |\n|---|---|---|---|---|---|\n"
    )
    asked, left_out = [], []
    for peer in peers(ours, options):
        if isinstance(peer, str):
            left_out.append(peer)
        else:
            asked.append(peer)
    clocks = [Stopwatch(peer.classify, test) for peer in asked]
    # All are timed in turns, so that other work on this computer slows all of them alike.
    seconds = np.array([[clock.round() for clock in clocks] for _ in range(ROUNDS)])
    ratios = [np.median(seconds / seconds[:, [own]], axis=0) for own in (0, 1)]
    for k, peer in enumerate(asked):
        errors = "as above"
        if not peer.same:
            counted = test[: options.errors]
            said = [peer.classify(counted[i : i + 500]) for i in range(0, len(counted), 500)]
            errors = str((np.concatenate(said) != labels[: len(counted)]).sum())
        low, median, high = np.percentile(seconds[:, k], (25, 50, 75)) * 1e6
        sys.stdout.write(
            f"| {peer.name} | {errors} | {median:.0f} µs | {low:.0f} to {high:.0f} µs"
            f" | {ratios[0][k]:.3g} | {ratios[1][k]:.3g} |\n"
        )
        sys.stdout.flush()
    sys.stdout.write("\n" + "".join(f"- {text}\n" for text in left_out))
