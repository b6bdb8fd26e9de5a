"""Files that nobody's training wrote: whatever is in one, it is a model or a ModelError."""

import io
import json
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from camd.classify import model_file, svm
from camd.errors import ModelError
from tests.classify.test_gate import Gated
from tests.mqtt.malformed import json_values
from training.fit.export import with_part

Arrays = dict[str, np.ndarray]
Entries = dict[str, bytes]


@pytest.fixture(scope="module")
def gated() -> Gated:
    return Gated()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model") / "digits.npz"


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def entries(arrays: Arrays, meta: dict[str, Any]) -> Entries:
    """Return the files of an .npz whose checksum is right, whatever else is wrong."""
    meta = meta | {"sha256": model_file.digest(arrays, meta)}
    text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    return {f"{name}.npy": npy(array) for name, array in (arrays | {"meta": text}).items()}


def packed(files: Entries) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def loads_or_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    wrong = ""
    try:
        model = svm.load(path)
    except ModelError as error:
        wrong = str(error)
    if wrong:
        assert wrong.startswith(f"{path}: ")
        assert len(wrong) < 1000
        return
    crops = np.random.default_rng(1).integers(0, 256, (9, 28, 28), dtype=np.uint8)
    judged = model.classify(crops)
    assert np.isfinite(judged.confidence).all()
    assert set(judged.labels.tolist()) <= set(range(-1, 10))
    json.dumps(model.scores, allow_nan=False)


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    content = text.encode("latin-1", "replace")
    return b"\x93NUMPY" + version + len(content).to_bytes(2, "little") + content


HEADERS = (
    "{'descr': '<f4', 'fortran_order': False, 'shape': (",
    "{[]: 1}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 3, }",
    "(" * 5000,
    "-" * 9000 + "1",
    "\x00",
)
broken = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(HEADERS).map(header),
    st.text(max_size=30).map(header),
    st.builds(lambda text, more: header(text) + more, st.sampled_from(HEADERS), st.binary()),
    st.just(header(HEADERS[2], b"\x09\x09")),
)
"""What is no .npy file."""


@given(st.data())
def test_entries_that_are_no_arrays(gated: Gated, path: Path, data: st.DataObject) -> None:
    files = entries(gated.arrays, gated.meta)
    names = data.draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=2))
    loads_or_is_refused(path, packed(files | {name: data.draw(broken) for name in names}))


@pytest.mark.parametrize("text", HEADERS)
@pytest.mark.parametrize("name", ["meta", "vectors"])
def test_headers_that_were_not_refused_once(gated: Gated, path: Path, name: str, text: str) -> None:
    path.write_bytes(packed(entries(gated.arrays, gated.meta) | {f"{name}.npy": header(text)}))
    with pytest.raises(ModelError, match="damaged"):
        svm.load(path)


numbers = st.floats(width=32) | st.sampled_from([0.0, 1e-30, 1.0, 6e4, 1e38, math.inf, math.nan])
sides = arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def spoilt(draw: st.DrawFn, old: np.ndarray) -> np.ndarray:
    """One number of it changed, or all; or zeros of another shape or type."""
    kind = draw(st.sampled_from(["one", "all", "shape", "type"]))
    if kind in ("shape", "type") or not old.size:
        dtype = draw(arrays_of.scalar_dtypes()) if kind == "type" else old.dtype
        return np.zeros(draw(sides) if kind == "shape" else old.shape, dtype)
    new = old.copy()
    value = draw(numbers if old.dtype.kind == "f" else st.integers(-128, 127))
    with np.errstate(all="ignore"):
        where = draw(st.integers(0, old.size - 1)) if kind == "one" else slice(None)
        new.flat[where] = np.asarray(value).astype(old.dtype)
    return new


@given(st.data())
@settings(max_examples=150)
def test_arrays_of_other_kinds_shapes_and_numbers(
    gated: Gated, path: Path, data: st.DataObject
) -> None:
    arrays = dict(gated.arrays)
    for name in data.draw(st.sets(st.sampled_from(sorted(arrays)), min_size=1, max_size=2)):
        if data.draw(st.integers(0, 9)):
            arrays[name] = data.draw(spoilt(arrays[name]))
        else:
            del arrays[name]
    loads_or_is_refused(path, packed(entries(arrays, gated.meta)))


meta_values = json_values | st.sampled_from([10**400, 1e308, -1.0, 0, "1", [[1]], {"a": {}}])
features = st.fixed_dictionaries(
    {},
    optional={
        "directions": st.sampled_from([4, 12, 64, 7]) | meta_values,
        "scales": st.lists(
            st.tuples(*[st.sampled_from([0.5, 5, 28, 1e-30, 100, math.inf, math.nan, 1e308])] * 3)
            | meta_values,
            max_size=3,
        )
        | meta_values,
        "upright": st.floats() | meta_values,
        "shape": st.floats() | meta_values,
    },
)


@given(st.data())
@settings(max_examples=150)
def test_descriptions_of_other_things(gated: Gated, path: Path, data: st.DataObject) -> None:
    meta = dict(gated.meta)
    for name in data.draw(st.lists(st.sampled_from(sorted(meta)), min_size=1, max_size=3)):
        if data.draw(st.integers(0, 9)) == 0:
            meta.pop(name, None)
        elif name == "features":
            meta[name] = meta.get(name, {}) | data.draw(features)
        else:
            meta[name] = data.draw(meta_values)
    loads_or_is_refused(path, packed(entries(gated.arrays, meta)))


@pytest.mark.parametrize("depth", [300, 100_000])
def test_a_description_nested_too_deep(gated: Gated, path: Path, depth: int) -> None:
    text = np.frombuffer(b'{"format":' + b"[" * depth + b"]" * depth + b"}", np.uint8)
    path.write_bytes(packed(entries(gated.arrays, gated.meta) | {"meta.npy": npy(text)}))
    with pytest.raises(ModelError):
        svm.load(path)


@given(st.lists(st.tuples(st.integers(0, 2**31), st.integers(1, 255)), min_size=1, max_size=8))
@example([(6, 1)])  # encrypted
@example([(8, 12)])  # a compression that this Python may not have
def test_flipped_bytes(gated: Gated, path: Path, flips: list[tuple[int, int]]) -> None:
    content = bytearray(packed(entries(gated.arrays, gated.meta)))
    for place, bits in flips:
        content[place % len(content)] ^= bits
    loads_or_is_refused(path, bytes(content))


@given(st.lists(st.sampled_from(["vectors.npy", "meta.npy", "a/../b.npy", "x", "/"]), max_size=4))
def test_other_entries(gated: Gated, path: Path, names: list[str]) -> None:
    buffer = io.BytesIO(packed(entries(gated.arrays, gated.meta)))
    with zipfile.ZipFile(buffer, "a") as archive, warnings.catch_warnings(action="ignore"):
        for name in names:
            archive.writestr(name, b"x")
    loads_or_is_refused(path, buffer.getvalue())


def test_what_is_wrong_with_the_model_for_rows_is_said(gated: Gated, path: Path) -> None:
    arrays, meta = with_part("rows", gated.arrays, gated.meta, gated.arrays, gated.meta)
    path.write_bytes(packed(entries(arrays, meta)))
    rows = svm.load(path).rows
    assert rows is not None
    assert rows.id == gated.meta["sha256"][:8]

    wrong = arrays | {"rows_vectors": np.full_like(arrays["rows_vectors"], np.inf)}
    path.write_bytes(packed(entries(wrong, meta)))
    with pytest.raises(ModelError, match="in its model for rows, vectors holds values"):
        svm.load(path)

    other = arrays | {"rows_intercepts": arrays["rows_intercepts"] + np.float32(0.3)}
    path.write_bytes(packed(entries(other, meta)))
    with pytest.raises(ModelError, match="self-test"):
        svm.load(path)

    for nested in (None, 7, [], {}, {"rows": meta["rows"]}):
        path.write_bytes(packed(entries(arrays, meta | {"rows": nested})))
        with pytest.raises(ModelError):
            svm.load(path)
