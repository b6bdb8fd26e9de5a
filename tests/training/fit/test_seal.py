import json
from pathlib import Path

import numpy as np

from camd.classify import model_file, svm
from tests.classify.test_gate import Gated, digits
from training.digits import Digits
from training.fit.export import to_bytes
from training.fit.seal import renew


def test_a_file_gets_another_test_and_keeps_its_machines(
    tmp_path: Path,
) -> None:
    gated, (crops, labels) = Gated(), digits()
    path = tmp_path / "digits.npz"
    path.write_bytes(to_bytes(gated.arrays))
    card = path.with_suffix(".json")
    card.write_text('{"id": "old", "seed": 7}', encoding="utf-8-sig")
    identity = renew(path, Digits(crops, labels.astype(np.int64)))
    arrays, meta = model_file.read(path)
    assert svm.load(path).id == identity != gated.meta["sha256"][:8]
    said = json.loads(card.read_text())
    assert said == {"id": identity, "seed": 7, "bytes": path.stat().st_size}
    for name, array in gated.arrays.items():
        if name != "meta" and not name.startswith("test_"):
            np.testing.assert_array_equal(arrays[name], array)
    assert {**meta, "sha256": ""} == {**gated.meta, "sha256": ""}
