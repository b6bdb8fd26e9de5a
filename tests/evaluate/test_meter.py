from pathlib import Path

import pytest

from camd import paths, sources
from camd.classify import svm
from camd.config.settings import RegionSettings, Settings
from camd.errors import DataError
from camd.evaluate.meter import MeterScore, Shown, Truth, load_truth
from camd.pipeline import Pipeline
from camd.values import RegionReading, Result

PLACE = RegionSettings(name="water", polygon=((0, 0), (1, 0), (1, 1)), unit="m³")
TRUTH = Truth(10.0, PLACE, (Shown(1, 100, (7,)), Shown(101, 110, (7, 8)), Shown(111, 200, (8,))))


def says(value: float | None) -> Result:
    said = RegionReading("water", "ok" if value is not None else "lost", value)
    return Result(regions=(RegionReading("other", "ok", 3), said))


def score(*said: tuple[int, Result]) -> MeterScore:
    found = MeterScore(TRUTH)
    for number, result in said:
        found.observe(number, result)
    return found


def test_values_are_counted_as_they_change_and_time_without_one() -> None:
    found = score(
        *((number, says(None)) for number in range(1, 21)),
        (21, says(7)),
        *((number, Result()) for number in range(22, 105)),
        (105, says(8)),
        (200, says(8)),
    )
    assert (found.right, found.wrong, found.end) == ([7, 8], [], 8)
    assert found.withheld_s == pytest.approx(2)
    assert found.summary() == (
        "said 2 values, 0 of them wrong, and nothing for 2 of 20 s; in the end 8 m³"
    )


def test_what_the_meter_does_not_show_is_wrong_at_once_and_what_it_showed_after_a_while() -> None:
    assert score((50, says(8))).wrong == [8]
    assert score((50, says(7)), (130, Result())).wrong == []
    assert score((50, says(7)), (131, Result()), (132, Result())).wrong == [7]


def test_in_the_shipped_clip_every_value_is_right_or_withheld() -> None:
    """A nudge, a rollover, a hand, and a minute in the dark."""
    truth = load_truth()
    settings = Settings(region=(truth.region,))
    pipeline = Pipeline(settings, svm.load(paths.model_file()))
    source = sources.from_uri("demo-meter", settings.camera)
    source.open()
    found = MeterScore(truth)
    statuses: set[str] = set()
    moved = False
    for number in range(1, truth.shown[-1].last + 1):
        image = source.read()
        result = pipeline.process(image, source.time or 0.0)
        found.observe(number, result)
        statuses |= {item.status for item in result.regions}
        moved = moved or any(item.moved for item in result.regions)
    assert found.wrong == []
    assert found.right == [99996, 99997, 99998, 99999, 0, 1, 2, 14, 15]
    assert found.end == 15
    assert found.withheld_s < 65
    assert moved
    assert "lost" in statuses
    with pytest.raises(sources.EndOfStreamError):
        source.read()


@pytest.mark.parametrize("content", ["", "[]", '{"values": [{"from": 1}]}', '{"values": []}'])
def test_a_damaged_truth_file_is_said_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"truth\.json"):
        load_truth(path)
