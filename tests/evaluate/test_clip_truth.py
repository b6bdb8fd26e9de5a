import json
from pathlib import Path
from typing import Any

import pytest

from camd.errors import DataError
from camd.evaluate.clip_truth import Place, Span, load_clips, write_truth

STILL = {"from": 1, "to": 9, "lines": ["19 47"]}


def put(folder: Path, truth: Any, name: str = "a") -> None:
    (folder / f"{name}.avi").touch()
    (folder / f"{name}.json").write_text(json.dumps(truth))


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    spans = (
        Span(1, 3, ()),
        Span(4, 4, ("19", "7"), "moving", (Place(1, (5, 6, 7, 8)), Place(9, (15, 6, 7, 8)))),
        Span(9, 20, ("19", "7")),
    )
    (tmp_path / "b.mp4").touch()
    write_truth(tmp_path / "b.json", "still", spans)
    (clip,) = load_clips(tmp_path)
    assert (clip.video, clip.kind, clip.spans) == (tmp_path / "b.mp4", "still", spans)


def test_by_hand_two_numbers_and_the_lines_are_enough(tmp_path: Path) -> None:
    put(tmp_path, {"fps": 20, "readings": [STILL]})
    (clip,) = load_clips(tmp_path)
    assert clip.kind == ""
    assert clip.spans == (Span(1, 9, ("19 47",), "steady", None),)


def test_the_truth_of_the_demo_is_of_this_kind() -> None:
    import camd

    (clip,) = load_clips(Path(camd.__file__).parent / "assets")
    assert len(clip.spans) == 4


def test_videos_without_a_truth_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, {"readings": [STILL]})
    (tmp_path / "other.avi").touch()
    assert [clip.video.name for clip in load_clips(tmp_path)] == ["a.avi"]
    (tmp_path / "a.json").unlink()
    with pytest.raises(DataError, match=r"NAME\.json"):
        load_clips(tmp_path)


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ([], "must hold"),
        ({"readings": []}, "must hold"),
        ({"readings": [7]}, "reading 1: expected"),
        ({"readings": [STILL | {"from": 0}]}, '"from" and "to"'),
        ({"readings": [STILL | {"to": "9"}]}, '"from" and "to"'),
        ({"readings": [STILL | {"from": 10}]}, '"from" and "to"'),
        ({"readings": [STILL | {"lines": ["7x"]}]}, '"lines"'),
        ({"readings": [STILL | {"lines": [""]}]}, '"lines"'),
        ({"readings": [STILL | {"state": "asleep"}]}, "steady, moving, covered"),
        ({"readings": [STILL | {"digits": [[1, 2, 3, 4]]}]}, "x, y, width, height"),
        ({"readings": [STILL | {"digits": 7}]}, "x, y, width, height"),
        ({"readings": [STILL, STILL | {"from": 9, "to": 12}]}, "from 9 starts before"),
    ],
)
def test_a_wrong_truth_is_said_so(tmp_path: Path, truth: Any, said: str) -> None:
    put(tmp_path, truth)
    with pytest.raises(DataError, match=said) as caught:
        load_clips(tmp_path)
    assert "a.json" in str(caught.value)


def test_a_truth_that_is_no_json_is_said_so(tmp_path: Path) -> None:
    put(tmp_path, {})
    for content, says in (
        (b"{", r"a\.json is not JSON"),
        (b"\xff{", r"a\.json is not UTF-8 text"),
        ("{}".encode("utf-16"), r"a\.json is UTF-16 text; save it as UTF-8"),
    ):
        (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(DataError, match=says):
            load_clips(tmp_path)


def test_a_truth_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    put(tmp_path, {"readings": [{"from": 1, "to": 2, "lines": ["1"]}]})
    path = tmp_path / "a.json"
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert load_clips(tmp_path)[0].spans[0].lines == ("1",)
