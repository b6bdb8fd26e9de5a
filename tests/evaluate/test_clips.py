import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given

from camd.config.settings import Settings
from camd.errors import DataError
from camd.evaluate.clip_truth import Span, write_truth
from camd.evaluate.clips import evaluate
from camd.stdio import printable
from tests.names import few, file_names, printed, texts

FPS = 10


def clip(folder: Path, name: str, digits: str, frames: int = 12) -> None:
    """Film digits written by pen strokes: nothing, then the digits."""
    writer = cv2.VideoWriter(
        str(folder / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (320, 160)
    )
    for number in range(frames):
        image = np.full((160, 320, 3), 235, np.uint8)
        if number >= 2:
            for place, character in enumerate(digits):
                at = 60 + 60 * place, 100
                cv2.putText(image, character, at, cv2.FONT_HERSHEY_SIMPLEX, 2, (60, 30, 30), 4)
        writer.write(image)
    writer.release()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clip(tmp_path, "right", "237")
    write_truth(tmp_path / "right.json", "still", [Span(1, 2, ()), Span(3, 12, ("237",))])
    clip(tmp_path, "other", "237")
    write_truth(tmp_path / "other.json", "mistaken", [Span(1, 2, ()), Span(3, 12, ("231",))])
    return tmp_path


def test_clips_are_read_and_scored_by_kind(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(folder, Settings(), folder / "worst.jpg") == 0
    said = capsys.readouterr().out
    cells = [line.split("│") for line in said.splitlines() if "│" in line]
    rows = {row[1].strip(): row for row in cells}
    assert rows["still"][2].strip() == "100 %"
    # Two of three digits; one may settle a frame before another.
    assert 60 < float(rows["mistaken"][2].strip().removesuffix(" %")) < 70
    assert "other.avi" in said.split("the worst:")[1]
    assert "right.avi, 1" not in said
    sheet = cv2.imread(str(folder / "worst.jpg"))
    assert sheet is not None
    assert sheet.shape[1] > 1000


def test_a_clip_that_cannot_be_read_is_said_and_the_others_still_count(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.avi").write_bytes(b"no video")
    write_truth(folder / "broken.json", "broken", [Span(1, 2, ())])
    assert evaluate(folder, Settings(), None) == 66
    out = capsys.readouterr()
    assert "broken.avi" in out.err
    assert "still" in out.out


def test_a_sheet_that_cannot_be_written_is_said_so(folder: Path) -> None:
    with pytest.raises(DataError, match="--sheet"):
        evaluate(folder, Settings(), folder / "no" / "such.jpg")


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blank")
    clip(folder, "blank", "", 8)
    return folder / "blank.avi"


@few
@given(name=file_names, kind=texts)
def test_no_name_or_kind_is_taken_for_markup(blank: Path, name: str, kind: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        shutil.copy(blank, Path(home, f"_{name}.avi"))
        write_truth(Path(home, f"_{name}.json"), kind, [Span(1, 8, ("7",))])
        said = printed(lambda: evaluate(Path(home), Settings(), None))
    assert f"  _{printable(name)}.avi, 0.10 s: unread" in said
    assert all(line in said for line in printable(kind).split("\n"))
