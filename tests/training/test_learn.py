"""Learning from forty corrections, from end to end: a writer whose 4s and 9s camd confuses."""

from typing import Any

import numpy as np
import pytest

from camd import paths
from camd.classify import model_file, svm
from camd.errors import DataError
from testing.writer import Writer
from training.digits import NONE, Digits
from training.fit import learn, standing
from training.fit.learn import Learnt, Tally

WRITER, BUDGET, LEAST = 1, 0.01, 0.5


@pytest.fixture(scope="module")
def shipped() -> tuple[Any, Any]:
    return model_file.read(paths.model_file())


@pytest.fixture(scope="module")
def old(shipped: tuple[Any, Any]) -> svm.Model:
    return svm.build(*shipped, with_rows=False)


@pytest.fixture(scope="module")
def corrections(old: svm.Model) -> Digits:
    """What camd would keep of this writer: the first forty that it is unsure of or misreads."""
    digits = np.random.default_rng(101).integers(0, 10, 300)
    crops = Writer.of(WRITER).crops(digits, 2)
    judged = old.classify(crops)
    some = np.flatnonzero((judged.labels != digits) | (judged.confidence < 0.9))[:40]
    return Digits(crops[some], digits[some])


def learnt(shipped: tuple[Any, Any], own: Digits, **more: Any) -> Learnt:
    return learn.learn(
        *shipped, own, learn.writings(own.images), standing.read(), least=LEAST, budget=BUDGET,
        progress=lambda _text: None, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(shipped: tuple[Any, Any], corrections: Digits) -> Learnt:
    return learnt(shipped, corrections)


def test_forty_corrections_halve_the_errors_on_that_writer_and_lose_nothing(
    found: Learnt, old: svm.Model, corrections: Digits
) -> None:
    assert len(corrections) == 40
    new = svm.build(found.arrays, found.meta, with_rows=False)
    digits = np.repeat(np.arange(10), 20)
    fresh = Digits(Writer.of(WRITER).crops(digits, 51), digits)
    even = np.ones(len(fresh), np.float32)
    before, after = (learn.tally(one, fresh, even, LEAST) for one in (old, new))
    assert before.errors > 10
    assert after.errors <= before.errors / 2
    report = found.report
    assert report.refused == ""
    assert report.own
    assert report.own[1].errors <= report.own[0].errors / 2
    for was, now in (report.standing, report.others):
        assert now.errors <= was.errors
    assert report.standing[1].bound <= BUDGET


def test_only_duels_that_were_lost_are_fitted_again(found: Learnt, old: svm.Model) -> None:
    new = svm.build(found.arrays, found.meta, with_rows=False)
    some = svm.features.extract(standing.read().digits.images[:200], old.spec)
    was, now = old.full.values(some), new.full.values(some)
    same = np.isclose(was, now, rtol=0, atol=1e-4).all(axis=0)
    changed = {(i, j) for i, j in np.argwhere(~same).tolist() if i < j}
    assert changed == {(4, 9)}
    assert new.passes(found.arrays, found.meta)


def test_the_small_machines_say_what_the_full_ones_do(found: Learnt, corrections: Digits) -> None:
    new = svm.build(found.arrays, found.meta, with_rows=False)
    seen = svm.features.extract(corrections.images, new.spec)
    assert np.array_equal(new.judge(seen).labels, new.full.judge(seen).labels)
    clear = new.full.judge(seen).labels == corrections.labels
    assert clear.all()


def test_wrong_labels_are_not_learnt(
    shipped: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody calls plain 1s sevens."""
    monkeypatch.setattr(learn, "FOLDS", 2)
    held = standing.read().digits
    ones = np.flatnonzero(held.labels == 1)[:12]
    own = Digits(held.images[ones], np.full(len(ones), 7))
    report = learnt(shipped, own, strengths=learn.STRENGTHS[-1:]).report
    assert "on your own crops" in report.refused or "on the standing set" in report.refused


@pytest.mark.parametrize(
    ("digits", "others", "says"),
    [
        (Tally(1000, 20, 990, 3), Tally(300, 30, 30, 30), ""),
        (Tally(1000, 21, 990, 3), Tally(300, 30, 30, 30), "21 errors instead of 20"),
        (Tally(1000, 20, 990, 3), Tally(300, 31, 31, 31), "31 others taken for digits"),
        (Tally(1000, 20, 990, 5), Tally(300, 30, 30, 30), "5 of 990 published digits are wrong"),
    ],
)
def test_what_is_worse_on_the_standing_set_is_said(digits: Tally, others: Tally, says: str) -> None:
    before = Tally(1000, 20, 990, 3), Tally(300, 30, 30, 30)
    assert before[0].bound < BUDGET < Tally(1000, 20, 990, 5).bound
    said = learn._harm(before, (digits, others), BUDGET)
    assert says in said
    assert bool(says) == bool(said)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (Tally(40, 20, 38, 4), ""),
        (Tally(40, 30, 38, 4), "30 errors, and made 30"),
        (Tally(40, 20, 38, 6), "publish 6 wrong digits, and published 5"),
    ],
)
def test_what_is_no_better_on_the_users_own_is_said(after: Tally, says: str) -> None:
    said = learn._no_gain(Tally(40, 30, 30, 5), after)
    assert says in said
    assert bool(says) == bool(said)


def test_what_is_no_digit_is_learnt_by_the_gate(shipped: tuple[Any, Any], old: svm.Model) -> None:
    held = standing.read().digits
    judged = old.classify(held.images)
    letters = np.flatnonzero((held.labels == NONE) & (judged.labels >= 0))[:30]
    arrays, meta = learn.refit(
        *shipped, Digits(held.images[letters], np.full(len(letters), NONE)),
        learn.STRENGTHS[0], lambda _text: None,
    )  # fmt: skip
    new = svm.build(arrays, meta, with_rows=False)
    assert (new.classify(held.images[letters]).labels >= 0).sum() <= len(letters) // 2
    digits = held.take(np.flatnonzero(held.labels >= 0))
    lost = (new.classify(digits.images).labels < 0) & (old.classify(digits.images).labels >= 0)
    assert lost.mean() < 0.01
    assert np.array_equal(arrays["vectors"], shipped[0]["vectors"])


def test_too_few_crops_are_refused(shipped: tuple[Any, Any], corrections: Digits) -> None:
    with pytest.raises(DataError, match="too few"):
        learnt(shipped, corrections.take(slice(9)))
    same = Digits(np.repeat(corrections.images[:3], 10, axis=0), np.repeat([4, 9, 4], 10))
    with pytest.raises(DataError, match="3 different marks"):
        learnt(shipped, same)


def test_whole_groups_lie_in_one_fold() -> None:
    groups = np.repeat(np.arange(10), 4)
    found = learn.folds(np.tile([4, 9], 20), groups)
    assert all(len(set(found[groups == group])) == 1 for group in range(10))
    assert np.bincount(found).min() >= 8


def test_the_standing_set_is_weighed_and_says_whose_it_is() -> None:
    held = standing.read()
    assert set(held.digits.labels.tolist()) == set(range(-1, 10))
    assert 15_000 < held.weights.sum() < 20_000
    path = paths.model_file().with_name(standing.FILE)
    assert path.stat().st_size < 1_000_000
    assert b"CC BY" in np.load(path)["licences"].tobytes()
    with pytest.raises(DataError, match="install camd again"):
        standing.read(path.with_name("digits.json"))
