"""Regions that stay on their meter: what is found of a nudge, and what a region then says."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.config.settings import MaskSettings, RegionSettings, Settings
from camd.pipeline import Pipeline
from camd.regions.follow import Follower, Surroundings, Where
from camd.values import Image, RegionReading
from training.render import meter
from training.render.meter import View

STEP_S = 0.2
NUDGES = {
    "shift": View(x=144, y=81),
    "back": View(x=-144, y=-60),
    "turn": View(turn=10),
    "other": View(turn=-10),
    "small": View(scale=0.8),
    "large": View(scale=1.25),
    "all": View(x=-80, y=40, turn=8, scale=0.85, light=0.4, slope=0.8),
}


@pytest.fixture(scope="module")
def model() -> svm.Model:
    return svm.load(paths.model_file())


def photograph(view: View, value: float = 48267, seed: int = 1) -> Image:
    return meter.photograph(value, view, np.random.default_rng(seed))


def region(name: str = "meter", **options: object) -> RegionSettings:
    place = {"corners": meter.region(), "digits": meter.DRUMS, "display": "wheels"}
    return RegionSettings(name=name, **(place | options))  # type: ignore[arg-type]


def corners(where: Where) -> np.ndarray:
    """Where the region is, pixels."""
    drawn = np.array(meter.region()) * meter.SIZE
    return drawn if where.matrix is None else drawn @ where.matrix[:, :2].T + where.matrix[:, 2]


def truth(view: View) -> np.ndarray:
    drawn = np.array(meter.region()) * meter.SIZE + meter.MARGIN
    return drawn @ view.matrix()[:, :2].T + view.matrix()[:, 2]


@pytest.fixture(scope="module")
def known() -> Surroundings:
    follower = Follower([region()], (), {})
    for number in range(2):
        follower.update(photograph(View(), seed=number), 2.0 * number)
    return follower.surroundings["meter"]


def found(known: Surroundings, views: Sequence[View], **options: object) -> Follower:
    """Look at some frames, half a second apart."""
    follower = Follower([region(**options)], (), {"meter": known})
    for number, view in enumerate(views):
        follower.update(photograph(view, seed=number + 9), 0.5 * number)
    return follower


@pytest.mark.parametrize("nudge", NUDGES.values(), ids=NUDGES)
def test_a_nudge_is_found_to_the_pixel_by_two_looks(known: Surroundings, nudge: View) -> None:
    follower = found(known, [nudge] * 2)
    where = follower.where("meter")
    assert where.state == "known"
    assert np.abs(corners(where) - truth(nudge)).max() < 1.5
    assert where.moved
    assert where.moved.turn == pytest.approx(nudge.turn, abs=0.3)
    assert where.moved.scale == pytest.approx(nudge.scale, abs=0.01)
    middle = (truth(nudge) - truth(View())).mean(axis=0)
    assert (where.moved.x, where.moved.y) == pytest.approx(middle, abs=1)


def test_one_look_alone_moves_nothing(known: Surroundings) -> None:
    follower = found(known, [View(), View(x=100)])
    assert follower.where("meter").state == "unclear"
    follower.update(photograph(View(x=100)), 1.0)
    assert follower.where("meter").state == "known"
    follower.update(photograph(View()), 1.5)
    assert follower.where("meter").state == "unclear"
    follower.update(photograph(View()), 2.0)
    assert follower.where("meter").moved is None


@pytest.mark.parametrize(
    "view",
    [View(light=0.1), View(light=0.5, slope=1.0), View(hand=0.5), View(x=1)],
    ids=["dark", "aside", "hand", "shiver"],
)
def test_light_and_a_hand_are_no_nudge(known: Surroundings, view: View) -> None:
    where = found(known, [View(), view, view]).where("meter")
    assert (where.state, where.matrix) == ("known", None)


@pytest.mark.parametrize(
    "gone", [View(light=0), View(x=2000), View(turn=90)], ids=["night", "away", "turned"]
)
def test_what_cannot_be_found_is_lost_after_a_while_and_found_again(
    known: Surroundings, gone: View
) -> None:
    assert found(known, [View(), gone, gone]).where("meter").state == "unclear"
    follower = found(known, [View(), *[gone] * 5])
    assert follower.where("meter").state == "lost"
    for number in range(2):
        follower.update(photograph(View(x=30)), 4 + 0.5 * number)
    assert follower.where("meter").state == "known"


def test_beyond_its_limit_or_out_of_the_frame_a_region_is_lost(known: Surroundings) -> None:
    assert found(known, [View(x=144)] * 2, max_shift=0.16).where("meter").state == "known"
    assert found(known, [View(x=144)] * 2, max_shift=0.14).where("meter").state == "lost"
    assert found(known, [View(x=300)] * 2, max_shift=1.0).where("meter").state == "lost"


def test_a_region_that_is_to_stay_costs_nothing_and_stays(known: Surroundings) -> None:
    follower = found(known, [View(x=100)] * 2, max_shift=0)
    assert follower.where("meter").state == "known"
    assert follower.where("meter").matrix is None
    assert not follower.surroundings


def test_where_nothing_is_around_it_a_region_is_read_where_it_was_drawn() -> None:
    follower = Follower([region()], (), {})
    for number in range(4):
        follower.update(np.full((540, 960), 120, np.uint8), 2.0 * number)
        assert follower.where("meter").state == "known"
    assert not follower.surroundings


def test_noise_is_nothing_to_follow_even_where_it_stands_still() -> None:
    """A compressed film repeats the noise of its last whole picture."""
    noise = np.random.default_rng(1).normal(0, 3, (540, 960, 1))
    wall = np.repeat(np.clip(120 + noise, 0, 255), 3, axis=2).astype(np.uint8)
    follower = Follower([region()], (), {})
    for number in range(4):
        follower.update(wall, 2.0 * number)
    assert not follower.surroundings


def test_neither_digits_nor_masks_are_remembered(known: Surroundings) -> None:
    mask = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
    follower = Follower([region()], [MaskSettings(name="top", polygon=mask)], {})
    for number in range(2):
        follower.update(photograph(View(), seed=number), 2.0 * number)
    points = follower.surroundings["meter"].points * meter.SIZE[0]
    assert points[:, 1].min() > 0.5 * meter.SIZE[1]
    low, high = (np.array(meter.region())[n] * meter.SIZE for n in (0, 2))
    points = known.points * meter.SIZE[0]
    assert not ((points > low) & (points < high)).all(axis=1).any()


def test_a_scene_that_stands_still_is_looked_at_once_a_second_or_not_at_all(
    known: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    look = Follower._look

    def counted(follower: Follower, image: Image) -> Surroundings | None:
        looks.append(at)
        return look(follower, image)

    monkeypatch.setattr(Follower, "_look", counted)
    follower = Follower([region()], (), {"meter": known})
    calm = photograph(View(noise=0))
    noisy = [photograph(View(light=0.3, noise=9), seed=seed) for seed in (1, 2)]
    for number in range(30):
        at = number / 10
        follower.update(calm, at)
    assert looks == [0.0]
    for number in range(30):
        at = 3 + number / 10
        follower.update(noisy[number % 2], at)
    assert len(looks) <= 5


def said(
    model: svm.Model, view: Callable[[float], View], seconds: float, **options: object
) -> list[tuple[float, RegionReading]]:
    """Return all that a region says while the meter stands still; nothing of it may be wrong."""
    pipeline = Pipeline(Settings(region=(region(**options),)), model)
    heard = []
    for number in range(math.ceil(seconds / STEP_S)):
        at = number * STEP_S
        for item in pipeline.process(photograph(view(at), seed=number % 3), at).regions:
            assert item.value in (None, 48267), at
            heard.append((at, item))
    return heard


def test_after_a_nudge_the_value_is_back_within_two_seconds(model: svm.Model) -> None:
    there = NUDGES["all"]

    def view(at: float) -> View:
        return meter.between(View(), there, min(1.0, max(0.0, (at - 2) / 0.4)))

    heard = said(model, view, 4.4)
    assert any(at < 2 and item.value == 48267 for at, item in heard)
    last = heard[-1][1]
    assert (last.status, last.value) == ("ok", 48267)
    assert last.moved
    assert np.abs(np.array(last.outline) - truth(there)).max() < 1.5


def test_a_polygon_is_followed_as_corners_are(model: svm.Model) -> None:
    there = replace(NUDGES["turn"], x=-60.0)
    options = {"corners": None, "polygon": meter.region(6)}
    heard = said(model, lambda at: there if at >= 2 else View(), 4, **options)
    assert (heard[-1][1].status, heard[-1][1].value) == ("ok", 48267)


def test_in_the_dark_a_region_says_that_it_is_lost(model: svm.Model) -> None:
    heard = said(model, lambda at: View(light=0 if 2 <= at < 4.4 else 1), 6.4)
    assert {item.status for at, item in heard if 4 < at < 4.4} == {"lost"}
    assert (heard[-1][1].status, heard[-1][1].value) == ("ok", 48267)
    assert heard[-1][1].moved is None
