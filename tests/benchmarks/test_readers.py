import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.peers import Reader
from benchmarks.readers import read_all, table
from camd.evaluate.truth import Label
from testing.process import environment
from tests.sheets import paper, write

WITHOUT_PEERS = (
    "import sys; sys.modules['rapidocr'] = sys.modules['tesserocr'] = None;"
    "from benchmarks.readers import main; main(sys.argv[1:])"
)


def test_every_reader_reads_every_image_and_only_digits_count() -> None:
    images = [("a", np.zeros((2, 2, 3), np.uint8)), ("b", np.zeros((3, 3, 3), np.uint8))]
    accounts = read_all(
        images,
        [
            Reader("size", "", lambda image: f"it is {len(image)}, l0\n٣"),  # ٣ is Arabic for 3
            Reader("nothing", "", lambda _: ""),
        ],
    )
    assert [one.digits for one in accounts] == [{"a": "20", "b": "30"}, {"a": "", "b": ""}]
    assert all(len(one.seconds) == 2 for one in accounts)


def test_the_table_compares_with_the_first_reader() -> None:
    labels = [Label("a", ("12",), "photo"), Label("b", ("3",), "scan"), Label("c", ())]
    blank = [(label.file, np.zeros((2, 2, 3), np.uint8)) for label in labels]
    right = {2: "12"}
    first, second = read_all(
        blank,
        [Reader("camd", "", lambda image: right[len(image)]), Reader("other", "", lambda _: "7")],
    )
    first.digits |= {"b": "3", "c": ""}
    first.seconds, second.seconds = [0.01, 0.02, 0.03], [1.0, 3.0, 2.0]
    rows = table(labels, [first, second])
    assert "1 ordinary photos" in rows[0]
    assert "2 with digits" in rows[0]
    assert rows[2] == "| camd | 1.000 | 1.000 | 0.00 | 100 % | 20 ms | 1 |"
    assert rows[3] == "| other | 0.000 | 0.000 | 1.00 | 0 % | 2.0 s | 100 |"


def test_what_is_not_installed_is_named_and_left_out(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), write(paper(), "325", (60, 240)))
    entries = [{"file": "a.png", "digits": ["325"], "kind": "photo"}]
    (tmp_path / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    done = run(tmp_path, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| camd | 1.000 | 1.000 | 0.00 |" in done.stdout
    assert "| RapidOCR" not in done.stdout
    assert "rapidocr" in done.stdout
    assert "tesserocr" in done.stdout


def test_a_folder_without_labels_is_said_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, tmp_path)
    assert done.returncode == 65
    assert "labels.json is missing" in done.stderr
    assert "Traceback" not in done.stderr


def run(folder: Path, home: Path) -> "subprocess.CompletedProcess[str]":
    # A process of its own: it keeps itself on one core.
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_PEERS, str(folder)],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
