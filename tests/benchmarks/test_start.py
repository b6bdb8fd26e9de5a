import sys
from pathlib import Path

import pytest

from benchmarks.start import first_line, table


def test_a_program_is_timed_to_its_first_line(tmp_path: Path) -> None:
    code = "import time; print('here', flush=True); time.sleep(1)"
    taken, spent = first_line([sys.executable, "-c", code], tmp_path)
    whole, _ = first_line([sys.executable, "-c", "import time; time.sleep(1); print()"], tmp_path)
    assert 0 < taken < whole
    assert spent > 0


def test_a_program_that_says_nothing_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="status 3"):
        first_line([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


def test_the_difference_is_taken_turn_by_turn() -> None:
    rows = table([(0.2, 0.2), (0.4, 0.3)], [(0.9, 0.8), (1.1, 0.9)])
    assert rows[4] == "| the difference | 0.70 s | 0.70 to 0.70 s | 0.60 s |"
    assert rows[-1].endswith("met.")
    assert table([(0.2, 0.2)], [(1.3, 0.8)])[-1].endswith("missed.")
