"""The classifier: support vector machines with RBF kernels, which classify all crops of a frame at
once. PURE except for `load`. camd/classify/model_schema.py says what is in the model file and what
is checked in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camd.classify import cascade, features, gate, model_file, model_schema
from camd.classify.cascade import Quick
from camd.classify.coarse import Coarse
from camd.classify.features import FeatureSpec
from camd.classify.gate import Gate
from camd.classify.model_schema import Arrays, Meta
from camd.classify.one_vs_one import Duels, Separate, Shared
from camd.classify.reduced_set import Reduced
from camd.errors import ModelError
from camd.laps import Lap, no_lap
from camd.values import Classified, FloatArray, IntArray

TOLERANCE = 0.01
"""Of what a model says of its own crops. The processor's order of summing changes a thousandth, a
wrong computation far more."""


Ask = Callable[[Classified, IntArray], IntArray]
"""Takes what the small machine says of all crops, and the indices of those that are unclear; gives
the indices of those that the full machine is to be asked about."""


def _all_unclear(_said: Classified, unclear: IntArray) -> IntArray:
    return unclear


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
    rows: "Model | None" = None
    """Reads rows of digits in regions, window by window; see camd.hypotheses.cells."""
    points: "Model | None" = None
    """Tells the decimal points of such rows from the rest; see camd.hypotheses.points."""
    coarse: Coarse | None = None
    """Of a machine for rows: says at first sight where it need not be asked."""
    surroundings: tuple[FloatArray, ...] = ()
    """Weights with which camd.hypotheses.surroundings judges what it says; none: it stands."""

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
        judged = Classified(
            judged.labels,
            np.minimum(judged.margins, values[passed]),
            judged.confidence * likely[passed],
        )
        if len(passed) == len(extracted):
            return judged
        none = Classified(np.full(len(extracted), -1, np.int64), values, 1 - likely)
        return none.replaced(passed, judged)

    def classify_where(self, crops: NDArray[np.uint8], ask: Ask) -> Classified:
        """Classify crops (N, 28, 28) uint8 without asking the gate, and the full machine only about
        those unclear ones that `ask` names."""
        return self.judge(features.extract(crops, self.spec), ask)

    def judge(self, extracted: FloatArray, ask: Ask = _all_unclear) -> Classified:
        """Say which digits the features (N, D) show, without asking the gate."""
        if self.quick is None:
            return self.full.judge(extracted)
        winner, own = self.quick.machine.decide(extracted)
        judged = self.quick.machine.won(winner, own)
        unclear = self.quick.unclear(judged.margins)
        if len(unclear):
            unclear = ask(judged, unclear)
        if len(unclear):
            better = cascade.judge(
                self.full, extracted[unclear], winner[unclear], own[unclear], self.quick.clear
            )
            judged = judged.replaced(unclear, better)
        return judged

    def answers(self, crops: NDArray[np.uint8]) -> FloatArray:
        """Give what each machine says by itself of crops (N, 28, 28), (N, K): a clear crop never
        reaches the full ones: the values of the digits' duels, and their confidence; the small
        machine's scores and confidence; the gate's value and probability; those of its small
        machine; and from where on the small ones are believed."""
        extracted = features.extract(crops, self.spec)
        full = self.full.values(extracted)
        first, second = np.triu_indices(full.shape[1], 1)
        said = [full[:, first, second], self.full.count(full).confidence[:, None]]
        limits: list[float] = []
        if self.quick:
            small = self.quick.machine
            clear = small.won(*small.decide(extracted)).confidence
            said += [small.scores(extracted), clear[:, None]]
            limits.append(self.quick.clear)
        if self.gate:
            components = self.gate.projection.components(extracted)
            machines = [self.gate.full]
            if self.gate.quick:
                machines.append(self.gate.quick.machine)
                limits += [self.gate.quick.clear, self.gate.quick.lost]
            for machine in machines:
                values = machine.values(components)
                said += [values[:, None], machine.probability(values)[:, None]]
        if self.coarse:
            said.append(self.coarse.answers(crops))
            limits += [-self.coarse.least, -self.coarse.enough]
        said.append(np.tile(np.array(limits, np.float32), (len(crops), 1)))
        return np.concatenate(said, axis=1, dtype=np.float32)

    def passes(self, arrays: Arrays, meta: Meta) -> bool:
        """Tell whether it says of the crops in its file what it said when that was made."""
        within: dict[model_schema.Part, Model | None] = {"rows": self.rows, "points": self.points}
        for part, model in within.items():
            nested = model_schema.nested(arrays, meta, part)
            if model and nested and not model.passes(*nested):
                return False
        crops = arrays["test_crops"]
        tried = self.classify(crops)
        if not np.array_equal(tried.labels, arrays["test_labels"]):
            return False
        if not np.allclose(tried.margins, arrays["test_margins"], rtol=0, atol=TOLERANCE):
            return False
        if "test_values" not in arrays:  # of a model made before there were any
            return True
        given, said = arrays["test_values"], self.answers(crops)
        near = meta["test_tolerance"]
        return given.shape == said.shape and np.allclose(given, said, rtol=0, atol=near)


def build(arrays: Arrays, meta: Meta, *, with_rows: bool = True) -> Model:
    """Make the model from the arrays of a model file; camd/classify/model_schema.py describes
    them."""
    quick = None
    if "quick_vectors" in arrays:
        quick = Quick(Reduced.of(arrays, meta["quick_gamma"]), meta["quick_clear"])
    rows, points = (
        model_schema.nested(arrays, meta, part) if with_rows else None
        for part in ("rows", "points")
    )
    return Model(
        id=meta["sha256"][:8],
        spec=model_schema.spec_from(meta),
        full=Duels.of(arrays, meta["gamma"], Separate if quick else Shared),
        scores=dict(meta.get("scores", {})),
        quick=quick,
        gate=gate.build(arrays, meta),
        coarse=Coarse.of(arrays, meta) if "coarse_templates" in arrays else None,
        rows=build(*rows) if rows else None,
        points=build(*points) if points else None,
        surroundings=_surroundings(meta),
    )


def _surroundings(meta: Meta) -> tuple[FloatArray, ...]:
    return tuple(np.array(some, np.float32) for some in meta.get("surroundings", ()))


def surroundings(path: Path) -> tuple[FloatArray, ...]:
    """Read only the weights of surroundings from a model file, for whom workers classify.

    Raises ModelError, whose text says what to do."""
    return _surroundings(model_file.read(path)[1])


def load(path: Path, *, with_rows: bool = True) -> Model:
    """Read a model file, verify it and let it classify its own test crops. Without `with_rows` the
    part that reads rows of digits is left out: a quarter of the time, two fifths of the memory.

    Raises ModelError, whose text says what to do."""
    arrays, meta = model_file.read(path)
    try:
        model = build(arrays, meta, with_rows=with_rows)
        right = model.passes(arrays, meta)
    except Exception as exc:  # whatever is in the file, it is the file that is wrong
        raise ModelError(
            f"{path}: not a camd model ({model_file.short(exc)}); {model_file.REBUILD}"
        ) from exc
    if not right:
        raise ModelError(
            f"{path}: its self-test gives other results than when it was made, so this camd "
            "computes features otherwise; update camd or rebuild the model with `camd train`"
        )
    return model
