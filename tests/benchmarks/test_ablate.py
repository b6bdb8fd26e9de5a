import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import ablate
from benchmarks.ablate import MECHANISMS, Figures, main, table, variants, without
from camd.evaluate.truth import Label
from camd.hypotheses import surroundings
from camd.segment import page
from camd.tuned import TUNED
from camd.values import Classified
from tests.sheets import line, paper, write


def test_every_mechanism_can_be_switched_off_and_comes_back() -> None:
    before = {name: [getattr(o, a) for o, a, _ in swaps] for name, swaps in MECHANISMS.items()}
    for name, swaps in MECHANISMS.items():
        with without([name]):
            assert [getattr(o, a) for o, a, _ in swaps] != before[name]
    assert before == {name: [getattr(o, a) for o, a, _ in s] for name, s in MECHANISMS.items()}


def test_every_number_can_be_moved_and_comes_back() -> None:
    before = asdict(TUNED)
    rows = variants([], numbers=True)
    assert len(rows) == 1 + 2 * len(before)
    for name, moved in rows.items():
        with without(moved):
            changed = {key for key, value in asdict(TUNED).items() if value != before[key]}
        assert changed == {name.partition(" x ")[0]} - {"as it ships"}
    assert asdict(TUNED) == before


def test_two_are_off_at_once() -> None:
    with without(["ruling", "surroundings"]):
        assert page.erase(np.zeros((4, 4), np.uint8), "pieces", 3.0) == ("pieces", [])  # type: ignore[arg-type, comparison-overlap]
        seen = surroundings.page([], Classified.joined([]), [])
        assert surroundings.judge(seen, [np.ones(16, np.float32)], drawn=True).shape == (0,)


def test_the_table_gives_differences_from_the_first_row() -> None:
    said = iter([Figures(0.9, 0.8, 0.5, 10, 1), Figures(0.85, 0.81, 0.75, 9, 2)])
    images = {"desk": [(Label("a", ("1",)), paper())]}
    rows = list(table(images, {"as it ships": (), "unions": ("unions",)}, lambda _: next(said)))
    assert rows[2] == "| as it ships | 0.900 | 0.800 | 0.50 | 1 of 10 |"
    assert rows[3] == "| unions | -0.050 | +0.010 | +0.25 | 2 of 9 |"


def test_all_are_off_in_the_last_rows() -> None:
    compared = variants([])
    assert compared["as it ships"] == ()
    assert compared["all"] == tuple(MECHANISMS)
    assert set(compared["all but ruling and surroundings"]) == set(MECHANISMS) - {
        "ruling",
        "surroundings",
    }
    assert list(variants(["dash"])) == ["as it ships", "dash"]


def test_a_ruled_sheet_shows_what_taking_its_rules_out_is_worth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = write(paper(), "325", (160, 240))
    for y in (180, 238, 296):
        line(sheet, (10, y), (630, y), pen=2, ink=90)
    cv2.imwrite(str(tmp_path / "a.png"), sheet)
    entries = [{"file": "a.png", "digits": ["325"], "kind": "photo"}]
    (tmp_path / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    main(["--real", str(tmp_path), "--only", "ruling"])
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert first.startswith("| as it ships | 1.000 | 1.000 | 0.00 |")
    assert second.startswith("| ruling | -")


def test_a_folder_without_labels_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        ablate.main(["--real", str(tmp_path)])
    assert ended.value.code == 65
    assert "labels.json" in capsys.readouterr().err
