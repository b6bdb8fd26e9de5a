"""The classifier: support vector machines with RBF kernels, which classify all crops of a frame at
once. PURE except for `load`. camd/classify/model_schema.py says what is in the model file and what
is checked in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camd.classify import cascade, features, gate, model_file, model_schema
from camd.classify.cascade import Quick
from camd.classify.features import FeatureSpec
from camd.classify.gate import Gate
from camd.classify.model_schema import Arrays, Meta
from camd.classify.one_vs_one import Duels, Separate, Shared
from camd.classify.reduced_set import Reduced
from camd.errors import ModelError
from camd.laps import Lap, no_lap
from camd.values import Classified, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    id: str
    """First 8 hexadecimal digits of the file's SHA-256."""
    spec: FeatureSpec
    full: Duels
    scores: Mapping[str, float]
    """What the model file says of its own quality, for example "test_error". Shares, 0..1."""
    quick: Quick[Reduced] | None = None
    gate: Gate | None = None
    """Tells digits from everything else; without one, everything is a digit."""

    @property
    def open_set(self) -> bool:
        """True when the model can say that something is no digit: it has a gate, or a class for
        that."""
        return self.gate is not None or bool((self.full.classes < 0).any())

    def classify(self, crops: NDArray[np.uint8], lap: Lap = no_lap) -> Classified:
        """Classify crops (N, 28, 28) uint8 in one batch; N may be 0."""
        extracted = features.extract(crops, self.spec)
        lap("features")
        classified = self._classify(extracted)
        lap("kernel")
        return classified

    def _classify(self, extracted: FloatArray) -> Classified:
        if self.gate is None:
            return self.judge(extracted)
        values, likely = self.gate.judge(extracted)
        passed = np.flatnonzero(values > gate.PASS)
        judged = self.judge(extracted if len(passed) == len(extracted) else extracted[passed])
        np.minimum(judged.margins, values[passed], out=judged.margins)
        np.multiply(judged.confidence, likely[passed], out=judged.confidence)
        if len(passed) == len(extracted):
            return judged
        classified = Classified(np.full(len(extracted), -1, np.int64), values, 1 - likely)
        classified.put(passed, judged)
        return classified

    def judge(self, extracted: FloatArray) -> Classified:
        """Say which digits the features (N, D) show, without asking the gate."""
        if self.quick is None:
            return self.full.judge(extracted)
        winner, own = self.quick.machine.decide(extracted)
        judged = self.quick.machine.won(winner, own)
        unclear = self.quick.unclear(judged.margins)
        if len(unclear):
            better = cascade.judge(
                self.full, extracted[unclear], winner[unclear], own[unclear], self.quick.clear
            )
            judged.put(unclear, better)
        return judged


def build(arrays: Arrays, meta: Meta) -> Model:
    """Make the model from the arrays of a model file; camd/classify/model_schema.py describes
    them."""
    quick = None
    if "quick_vectors" in arrays:
        quick = Quick(Reduced.of(arrays, meta["quick_gamma"]), meta["quick_clear"])
    return Model(
        id=meta["sha256"][:8],
        spec=model_schema.spec_from(meta),
        full=Duels.of(arrays, meta["gamma"], Separate if quick else Shared),
        scores=dict(meta.get("scores", {})),
        quick=quick,
        gate=gate.build(arrays, meta),
    )


def load(path: Path) -> Model:
    """Read a model file, verify it and let it classify its own test crops.

    Raises ModelError, whose text says what to do."""
    arrays, meta = model_file.read(path)
    model = build(arrays, meta)
    tried = model.classify(arrays["test_crops"])
    # Processors sum in different orders, so the last digits may differ. A wrong computation differs
    # by far more.
    if not np.array_equal(tried.labels, arrays["test_labels"]) or not np.allclose(
        tried.margins, arrays["test_margins"], atol=1e-2
    ):
        raise ModelError(
            f"{path}: its self-test gives other results than when it was made, so this camd "
            "computes features otherwise; update camd or rebuild the model with `camd train`"
        )
    return model
