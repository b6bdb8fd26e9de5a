"""Learns from a user's corrections in a minute or two, without the data that the model was trained
with, and only where that helps and harms nobody.

A support vector machine that is fitted to its own support vectors is the same machine again. So
the shipped model's vectors stand for all that it was trained with, and the user's crops are added
to them (Syed, Liu and Sung, "Incremental learning with support vector machines", 1999). Only those
duels are fitted again that a crop loses, or hardly wins: for odd 4s and 9s one or two of 45. All
others stay as they are, to the last bit. The small machines of the cascades get some vectors more,
where the user's crops lie, and what they said is the same elsewhere.

Two things are measured before the new model may replace the old one: what it says of the standing
set (standing.py), and what machines that were fitted without a part of the user's crops say of that
part.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.classify import gate as camd_gate
from camd.classify import model_file, svm
from camd.classify.features import extract
from camd.classify.kernel import Kernel
from camd.classify.model_schema import Arrays, Meta
from camd.classify.one_vs_one import Duels, duels
from camd.corrections import ALIKE, LEAST_LABELLED, likeness
from camd.errors import DataError
from camd.evaluate.calibration import upper_bound
from camd.values import FloatArray
from training.augment import Distortion, distort
from training.digits import Digits, join
from training.fit import bench, gate, standing
from training.fit.export import to_bytes
from training.fit.fit import Progress, Recipe, machine
from training.fit.self_test import with_tests
from training.fit.standing import Standing

CACHE_MB = 150
"""Memory for kernel values while a duel is fitted, MB. With this, learning takes 400 MB, which fits
beside a camd within the service's 1 GB."""
FOLDS = 4
"""Parts of the user's crops, each of which is judged by machines fitted without it."""
COPIES = 3
"""Distorted copies of each crop that the small machines learn from as well."""
RIDGE = 0.1
"""Added to the diagonal of the equations for the small machines' new weights (ridge regression)."""
ANCHORS = 4000
"""Support vectors at which the small machines are held to what they said."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How much the user's crops count for."""

    copies: int
    """Distorted copies of each crop that are learnt as well."""
    weight: float
    """For how many of the shipped model's vectors a crop counts."""
    near: float
    """A duel that some crop wins by less than this is fitted again."""


STRENGTHS = (
    Strength(2, 1.0, 0.5),
    Strength(0, 1.0, 0.5),
    Strength(0, 1.0, 0.0),
    Strength(0, 0.3, 0.0),
)
"""Tried one after the other, until one harms nothing on the standing set."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a model says of labelled crops."""

    images: float
    errors: float
    """Digits that are not published as what they are, and others that are published."""
    published: float
    """With the least confidence that is in force."""
    wrong: float
    """Of those published."""

    @property
    def bound(self) -> float:
        """Share of what is published that is wrong at most, 95 % sure, as `camd calibrate` has
        it."""
        return upper_bound(round(self.wrong), max(1, round(self.published)))


Pair = tuple[Tally, Tally]
"""Before and after."""


@dataclass(frozen=True, slots=True)
class Report:
    crops: int
    digits: int
    """Of the crops; the others are no digits."""
    standing: Pair
    """On the digits of the standing set."""
    others: Pair
    """On what is no digit there."""
    own: Pair | None
    """On the user's crops, each judged by machines that have not seen it; None where the standing
    set has already said no."""
    strength: Strength
    budget: float
    """Share of the published digits that may be wrong, 0..1."""
    refused: str
    """Why the old model stays; empty where the new one is better."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    """The contents of the new model file."""
    report: Report

    @property
    def content(self) -> bytes:
        return to_bytes(self.arrays)


def learn_from(
    path: Path,
    crops: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    least: float,
    budget: float,
    progress: Progress,
) -> Learnt:
    """Learn from the user's crops (N, 28, 28) and their labels (N,), beginning with the model file
    `path`; the rest is as for `learn`. Raises ModelError, DataError."""
    own = Digits(crops, labels)
    given = model_file.read(path)
    return learn(
        *given,
        own,
        writings(crops),
        standing.read(),
        least=least,
        budget=budget,
        progress=progress,
    )


def writings(crops: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Number the writings that crops (N, 28, 28) show, (N,): those of one number look so alike that
    they are of the same digit on the same paper."""
    like = np.array([likeness(crop) for crop in crops])
    group = np.arange(len(crops))
    for first, second in np.argwhere(np.triu(like @ like.T > ALIKE, 1)).tolist():
        group[group == group[second]] = group[first]
    return group


def learn(
    arrays: Arrays,
    meta: Meta,
    own: Digits,
    groups: NDArray[np.int64],
    held: Standing,
    *,
    least: float,
    budget: float,
    progress: Progress,
    strengths: Sequence[Strength] = STRENGTHS,
) -> Learnt:
    """Fit the user's crops `own` into the model of `arrays` and `meta`, and measure it.

    `groups` (N,): crops of one group show the same writing, so they are judged together. `held`:
    the standing set.
    `least`: the confidence from which on digits are published. `budget`: the share of these that
    may be wrong. Raises DataError where the crops are too few."""
    if len(own) < LEAST_LABELLED or len(np.unique(groups)) < FOLDS:
        raise DataError(
            f"{len(own)} labelled crops of {len(np.unique(groups))} different marks are too few to"
            f" learn from: label {LEAST_LABELLED} or more"
        )
    old = svm.build(arrays, meta, with_rows=False)
    before = _standing(old, held, least)
    for strength in strengths:
        changed = refit(arrays, meta, own, strength, progress)
        after = _standing(svm.build(*changed, with_rows=False), held, least)
        refused = _harm(before, after, budget)
        if not refused:
            break
        progress(refused)
    pair = None
    if not refused:
        pair = _held_out(arrays, meta, own, groups, strength, old, least, progress)
        refused = _no_gain(*pair)
    described = {**changed[1], "learnt": {"of": meta["sha256"], "crops": len(own)}}
    sealed, described = with_tests(changed[0], described, held.digits)
    report = Report(
        len(own),
        int((own.labels >= 0).sum()),
        (before[0], after[0]),
        (before[1], after[1]),
        pair,
        strength,
        budget,
        refused,
    )
    return Learnt(sealed, described, report)


def _standing(model: svm.Model, held: Standing, least: float) -> Pair:
    """Give what a model says of the digits of the standing set, and of what is none."""
    digits, weights = held.digits, held.weights
    written = digits.labels >= 0
    return (
        tally(model, digits.take(np.flatnonzero(written)), weights[written], least),
        tally(model, digits.take(np.flatnonzero(~written)), weights[~written], least),
    )


def tally(model: svm.Model, digits: Digits, weights: FloatArray, least: float) -> Tally:
    """Count as `Tally` says, each image as many times as its weight."""
    judged = model.classify(digits.images)
    published = (judged.labels >= 0) & (judged.confidence >= least)
    right = judged.labels == digits.labels
    missed = (digits.labels >= 0) & ~(published & right)
    wrong = published & ~right
    counts = (missed | wrong, published, wrong)
    return Tally(float(weights.sum()), *(float(weights[some].sum()) for some in counts))


def _harm(before: Pair, after: Pair, budget: float) -> str:
    """Say what is worse than before on the standing set, if anything is."""
    where = "on the standing set, "
    if after[0].errors > before[0].errors:
        return f"{where}{after[0].errors:.0f} errors instead of {before[0].errors:.0f}"
    if after[1].errors > before[1].errors:
        return (
            f"{where}{after[1].errors:.0f} others taken for digits instead of"
            f" {before[1].errors:.0f}"
        )
    if after[0].bound > max(budget, before[0].bound):
        return (
            f"{where}{after[0].wrong:.0f} of {after[0].published:.0f} published digits are wrong,"
            f" which leaves up to {100 * after[0].bound:.2g} % possible"
        )
    return ""


def _no_gain(before: Tally, after: Tally) -> str:
    """Say why the user's own crops do not speak for the new model, if they do not."""
    if after.errors >= before.errors:
        return (
            f"on your own crops it makes {after.errors:.0f} errors, and made {before.errors:.0f}"
            " before"
        )
    if after.wrong > before.wrong:
        return (
            f"on your own crops it would publish {after.wrong:.0f} wrong digits, and published"
            f" {before.wrong:.0f} before"
        )
    return ""


def _held_out(
    arrays: Arrays,
    meta: Meta,
    own: Digits,
    groups: NDArray[np.int64],
    strength: Strength,
    old: svm.Model,
    least: float,
    progress: Progress,
) -> tuple[Tally, Tally]:
    """Judge each of the user's crops by a model that was fitted without its part (cross-
    validation)."""
    even = np.ones(len(own), np.float32)
    before = tally(old, own, even, least)
    fold = folds(own.labels, groups)
    after = Tally(0, 0, 0, 0)
    for number in range(FOLDS):
        held = np.flatnonzero(fold == number)
        progress(f"judging {len(held)} crops without having learnt them, {number + 1} of {FOLDS}")
        part = own.take(np.flatnonzero(fold != number))
        model = svm.build(*refit(arrays, meta, part, strength, progress), with_rows=False)
        found = tally(model, own.take(held), even[held], least)
        after = Tally(*(a + b for a, b in zip(_plain(after), _plain(found), strict=True)))
    return before, after


def _plain(counts: Tally) -> tuple[float, ...]:
    return counts.images, counts.errors, counts.published, counts.wrong


def folds(labels: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.intp]:
    """Part the crops (N,) into FOLDS of nearly the same size, whole groups each; the labels are
    spread as evenly as that allows."""
    found = np.zeros(len(labels), np.intp)
    sizes = np.zeros(FOLDS)
    by_label = np.zeros((FOLDS, 11))
    names, counts = np.unique(groups, return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")]:
        own = np.flatnonzero(groups == name)
        same = by_label[:, labels[own]].sum(axis=1)
        best = min(range(FOLDS), key=lambda one: (same[one] + sizes[one], one))
        found[own] = best
        sizes[best] += len(own)
        np.add.at(by_label[best], labels[own], 1)
    return found


def refit(
    arrays: Arrays, meta: Meta, own: Digits, strength: Strength, progress: Progress
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the contents of a model file, not sealed, whose machines have learnt `own` as well."""
    changed, described = dict(arrays), dict(meta)
    classes = arrays["classes"].astype(np.int64)
    known = own.take(np.flatnonzero(np.isin(own.labels, classes)))
    if len(known):
        changed |= _digits(arrays, meta, known, strength, progress)
    if "gate_vectors" in arrays:
        changed |= _gate(arrays, meta, own, strength)
    return changed, described


def _digits(
    arrays: Arrays, meta: Meta, own: Digits, strength: Strength, progress: Progress
) -> dict[str, NDArray[Any]]:
    """Fit those duels again that some crop loses or hardly wins, and the small machine."""
    old = svm.build(arrays, meta, with_rows=False)
    projection = old.full.projection
    spread = _with_copies(own, strength.copies)
    seen = projection.components(extract(spread.images, old.spec)).astype(np.float16)
    place = np.searchsorted(old.full.classes, spread.labels)
    values = old.full.duels(seen[: len(own)].astype(np.float32))
    lost = values[np.arange(len(own)), place[: len(own)]] < strength.near
    pairs = {
        (min(label, other), max(label, other))
        for crop, other in np.argwhere(lost).tolist()
        for label in (int(place[crop]),)
    }
    if not pairs:
        return {}
    progress(
        f"fitting {len(pairs)} of {len(old.full.classes) * (len(old.full.classes) - 1) // 2} duels"
    )
    changed = _fitted(arrays, meta, sorted(pairs), seen, place, strength.weight)
    if old.quick is None:
        return changed
    cases = _with_copies(own, COPIES)
    small = old.quick.machine
    components = projection.components(extract(cases.images, old.spec))
    full = Duels.of({**arrays, **changed}, meta["gamma"])
    values = full.duels(components)
    winner = np.searchsorted(old.full.classes, full.count(values).labels)
    scores = small.scores(extract(cases.images, old.spec))
    many = np.arange(len(cases))
    wanted = np.minimum(values[many, winner], bench.ENOUGH)
    lacking = np.maximum(0, wanted - (scores[many, winner][:, None] - scores))
    lacking[many, winner] = 0
    vectors, weights = _bump(
        arrays["quick_vectors"], meta["quick_gamma"], components, -lacking, arrays["vectors"]
    )
    return changed | {
        "quick_vectors": vectors,
        "quick_weights": np.concatenate([arrays["quick_weights"], weights]),
    }


def _fitted(
    arrays: Arrays,
    meta: Meta,
    pairs: Sequence[tuple[int, int]],
    seen: NDArray[np.float16],
    place: NDArray[np.intp],
    weight: float,
) -> dict[str, NDArray[Any]]:
    """Give the arrays of the machine for digits after the duels of `pairs`, places of classes, were
    fitted again, to its own vectors and to components (N, P) of the classes at `place` (N,)."""
    counts = arrays["counts"]
    n = len(counts)
    old = np.split(arrays["vectors"].astype(np.float16), np.cumsum(counts)[:-1])
    coefs = np.split(arrays["coefs"], np.cumsum(counts)[:-1], axis=1)
    vectors = [np.concatenate([old[c], seen[place == c]]) for c in range(n)]
    weighed = [
        np.concatenate([np.ones(len(old[c])), np.full((place == c).sum(), weight)])
        for c in range(n)
    ]
    coefs = [
        np.concatenate([own, np.zeros((n - 1, int((place == c).sum())), np.float32)], axis=1)
        for c, own in enumerate(coefs)
    ]
    intercepts = arrays["intercepts"].copy()
    order = {pair: number for number, pair in enumerate(duels(n))}
    for first, second in pairs:
        both = np.concatenate([vectors[first], vectors[second]])
        lower = np.arange(len(both)) < len(vectors[first])
        support, found, intercept = _two(
            both,
            lower,
            np.concatenate([weighed[first], weighed[second]]),
            meta["gamma"],
            Recipe().c,
        )
        whole = np.zeros(len(both), np.float32)
        whole[support] = found
        coefs[first][second - 1] = whole[lower]
        coefs[second][first] = whole[~lower]
        intercepts[order[first, second]] = intercept
    kept = [np.flatnonzero(np.abs(own).max(axis=0) > 0) for own in coefs]
    return {
        "counts": np.array([len(some) for some in kept], np.int32),
        "vectors": np.concatenate([own[some] for own, some in zip(vectors, kept, strict=True)]),
        "coefs": np.concatenate(
            [own[:, some] for own, some in zip(coefs, kept, strict=True)], axis=1
        ),
        "intercepts": intercepts,
    }


def _two(
    vectors: NDArray[np.float16],
    positive: NDArray[np.bool_],
    weights: NDArray[Any],
    gamma: float,
    c: float,
) -> tuple[NDArray[np.intp], FloatArray, np.float32]:
    """Fit a machine of two classes. Give the support vectors (S,) by place, their coefficients
    (S,), positive for those of the `positive` class, and the intercept."""
    svc = machine(c, gamma, CACHE_MB)
    even = bool((weights == 1).all())
    svc.fit(vectors.astype(np.float32), positive.astype(np.int64), None if even else weights)
    return (
        np.asarray(svc.support_, np.intp),
        np.asarray(svc.dual_coef_[0], np.float32),
        np.float32(svc.intercept_[0]),
    )


def _gate(arrays: Arrays, meta: Meta, own: Digits, strength: Strength) -> dict[str, NDArray[Any]]:
    """Fit the gate, and its small machine, to those crops that it misjudges. Where there are none
    it stays as it is: each change may let in what is no digit."""
    old = svm.build(arrays, meta, with_rows=False)
    assert old.gate
    projection = old.gate.projection
    values, _ = old.gate.judge(extract(own.images, old.spec))
    misjudged = np.where(own.labels >= 0, values < 0, values > camd_gate.PASS)
    own = own.take(np.flatnonzero(misjudged))
    if not len(own):
        return {}
    spread = _with_copies(own, strength.copies)
    seen = projection.components(extract(spread.images, old.spec))
    vectors = np.concatenate([arrays["gate_vectors"], seen.astype(np.float16)])
    is_digit = np.concatenate([arrays["gate_coefs"] > 0, spread.labels >= 0])
    weights = np.ones(len(vectors), np.float32)
    weights[len(arrays["gate_vectors"]) :] = strength.weight
    support, coefs, intercept = _two(
        vectors, is_digit, weights, meta["gate_gamma"], gate.GateRecipe().c
    )
    changed: dict[str, NDArray[Any]] = {
        "gate_vectors": vectors[support],
        "gate_coefs": coefs,
        "gate_intercept": np.array([intercept], np.float32),
    }
    if old.gate.quick is None:
        return changed
    cases = _with_copies(own, COPIES)
    components = projection.components(extract(cases.images, old.spec))
    full = camd_gate.Machine.of({**arrays, **changed}, "gate_", meta["gate_gamma"])
    wanted = np.clip(full.values(components), -gate.ENOUGH, gate.ENOUGH)
    lacking = wanted - old.gate.quick.machine.values(components)
    # Where the small one is surer of the same, it may stay so.
    lacking[(lacking * wanted < 0) & (np.abs(wanted) == gate.ENOUGH)] = 0
    vectors, weights = _bump(
        arrays["gate_quick_vectors"],
        meta["gate_quick_gamma"],
        components,
        lacking[:, None],
        arrays["gate_vectors"],
    )
    return changed | {
        "gate_quick_vectors": vectors,
        "gate_quick_coefs": np.concatenate([arrays["gate_quick_coefs"], weights[:, 0]]),
    }


def _bump(
    vectors: NDArray[Any],
    gamma: float,
    components: FloatArray,
    lacking: FloatArray,
    anchors: NDArray[Any],
) -> tuple[NDArray[Any], FloatArray]:
    """Give the vectors (S + U, P) of a small machine with one more at each of the user's cases,
    whose components are (U, Q), Q >= P; and the new ones' weights (U, n). They add what the scores
    of the cases are `lacking`, (U, n), and nothing where the full machine has its support vectors,
    `anchors` (A, Q). It is a kernel ridge regression."""
    width = vectors.shape[1]
    some = np.ascontiguousarray(components[:, :width])
    far = anchors[:: max(1, len(anchors) // ANCHORS), :width].astype(np.float32)
    kernel = Kernel.of(some, gamma)
    inputs = kernel.inputs(np.concatenate([some, far]))
    rows = np.concatenate([part.copy() for _, part in kernel.values(inputs)]).astype(np.float64)
    wanted = np.zeros((len(rows), lacking.shape[1]))
    wanted[: len(some)] = lacking
    inner = rows.T @ rows + RIDGE * np.eye(len(some))
    weights = np.linalg.solve(inner, rows.T @ wanted).astype(np.float32)
    return np.concatenate([vectors, some.astype(vectors.dtype)]), weights


def _with_copies(own: Digits, copies: int) -> Digits:
    """Give the crops, and distorted copies of them."""
    found = own
    for copy in range(1, copies + 1):
        found = join(found, Digits(distort(own.images, Distortion(), copy), own.labels))
    return found
