import re
from dataclasses import asdict
from pathlib import Path

import camd
from camd.tuned import TUNED


def test_each_number_is_used_and_there_are_no_more_than_sixty() -> None:
    numbers = asdict(TUNED)
    assert len(numbers) <= 60
    sources = [
        path.read_text(encoding="utf-8") for path in Path(camd.__file__).parent.rglob("*.py")
    ]
    used = {name for source in sources for name in re.findall(r"TUNED\.(\w+)", source)}
    assert used == set(numbers)
