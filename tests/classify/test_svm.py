import io
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from camd import paths
from camd.classify import model_file, svm
from camd.classify.features import FeatureSpec, Scale, extract
from camd.classify.kernel import Projection
from camd.classify.model_schema import AROUND, OWN
from camd.classify.one_vs_one import Duels, Shared, duels
from camd.errors import ModelError
from camd.values import Classified
from training.fit.export import Machine, SmallMachine, pack, to_bytes
from training.fit.reduced import Cases, reduce

SPEC = FeatureSpec(8, (Scale(0.0, 5),))
CALIBRATION = np.array([[-1.0, 0.0, 2.0], [0.1, 0.5, 1.0]], np.float32)
CLEAR = 0.2
Arrays = dict[str, np.ndarray]


def enlarged(count: int) -> tuple[np.ndarray, np.ndarray]:
    small = load_digits()
    crops = [cv2.resize(one * 15, (28, 28)) for one in small.images[:count]]
    return np.stack(crops).astype(np.uint8), small.target[:count]


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 28, 28), dtype=np.uint8)


class Fitted:
    """scikit-learn's own machine, and ours made of its vectors."""

    def __init__(self, classes: list[int]) -> None:
        self.crops, digits = enlarged(900)
        keep = np.isin(digits, classes)
        self.crops, labels = self.crops[keep], digits[keep]
        if -1 in classes:
            self.crops = np.concatenate([self.crops, noise(40)])
            labels = np.append(labels, np.full(40, -1))
        self.projection = np.linalg.qr(np.random.default_rng(0).normal(size=(SPEC.size, 60)))[0]
        self.projection = self.projection.astype(np.float32)
        self.offset = np.linspace(-1, 1, 60, dtype=np.float32)
        seen = self.seen(self.crops).astype(np.float16).astype(np.float32)
        # One shape, as the public decision_function of two classes has another.
        self.svc = SVC(C=1.0, gamma=0.5, decision_function_shape="ovo").fit(seen, labels)
        sign = -1 if len(classes) == 2 else 1
        machine = Machine(
            self.svc.classes_.astype(np.int8),
            self.svc.n_support_,
            self.svc.support_vectors_,
            sign * self.svc.dual_coef_,
            sign * self.svc.intercept_,
            0.5,
        )
        self.arrays, self.meta = pack(
            machine, SPEC, self.projection, self.offset, CALIBRATION, self.crops[:12], {"x": 0.5}
        )
        self.model = svm.build(self.arrays, self.meta)
        cases = Cases.of(self.model.full, seen.astype(np.float16)).narrow(20)
        self.few = reduce(cases, 60, 0.7, 1.2, 30)
        self.quick = SmallMachine(self.few, CALIBRATION * np.float32(0.5), CLEAR)
        self.cascade = pack(
            machine,
            SPEC,
            self.projection,
            self.offset,
            CALIBRATION,
            self.crops[:12],
            {},
            self.quick,
        )

    def seen(self, crops: np.ndarray) -> np.ndarray:
        return extract(crops, SPEC) @ self.projection + self.offset


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return Fitted(list(range(10)))


@pytest.fixture
def path(fitted: Fitted, tmp_path: Path) -> Path:
    file = tmp_path / "digits.npz"
    file.write_bytes(to_bytes(fitted.arrays))
    return file


@pytest.mark.parametrize("classes", [list(range(10)), [-1, *range(10)], [3, 5, 8], [1, 7]])
def test_labels_and_decisions_equal_scikit_learns(classes: list[int]) -> None:
    fitted = Fitted(classes)
    for crops in (enlarged(1700)[0], noise(2000)):
        seen = fitted.seen(crops)
        expected = fitted.svc.decision_function(seen).reshape(len(crops), -1)
        if len(classes) == 2:
            expected = -expected
        given = fitted.model.full.values(extract(crops, SPEC))[:, *np.triu_indices(len(classes), 1)]
        np.testing.assert_allclose(given, expected, atol=1e-3)
        sure = np.abs(expected).min(axis=1) > 1e-3  # a duel that ends level may go either way
        assert sure.mean() > 0.9
        labels = fitted.model.classify(crops).labels
        np.testing.assert_array_equal(labels[sure], fitted.svc.predict(seen)[sure])


@pytest.mark.parametrize("count", [0, 1, 20, 500])
def test_any_number_of_crops(fitted: Fitted, count: int) -> None:
    many = np.resize(fitted.crops, (500, 28, 28))
    given = fitted.model.classify(many[:count])
    assert given.labels.shape == given.margins.shape == given.confidence.shape == (count,)
    np.testing.assert_array_equal(given.labels, fitted.model.classify(many).labels[:count])


def test_a_cascade_asks_the_full_machine_where_the_small_one_is_not_sure(fitted: Fitted) -> None:
    cascade, crops = svm.build(*fitted.cascade), enlarged(1700)[0]
    assert cascade.quick is not None
    features = extract(crops, SPEC)
    winner, own = cascade.quick.machine.decide(features)
    scores = fitted.few.scores(fitted.seen(crops)[:, :20])
    np.testing.assert_array_equal(winner, scores.argmax(axis=1))
    expected = scores[np.arange(1700), winner][:, None] - scores
    expected[np.arange(1700), winner] = np.inf
    np.testing.assert_allclose(own, expected, atol=1e-4)
    small = cascade.quick.machine.won(winner, own)
    clear = small.margins >= CLEAR
    assert 0.1 < clear.mean() < 0.9
    given = cascade.classify(crops)
    for got, quick in (
        (given.labels, small.labels),
        (given.margins, small.margins),
        (given.confidence, small.confidence),
    ):
        np.testing.assert_array_equal(got[clear], quick[clear])
    labels, margins = decided(winner, own, cascade.full.values(features), CLEAR)
    np.testing.assert_array_equal(given.labels, labels)
    np.testing.assert_allclose(given.margins, margins, atol=1e-4)
    asked = given.confidence[~clear]
    np.testing.assert_allclose(asked, np.interp(margins[~clear], *CALIBRATION), atol=1e-4)


def decided(
    winner: np.ndarray, small: np.ndarray, full: np.ndarray, clear: float
) -> tuple[np.ndarray, np.ndarray]:
    """What cascade.py says, crop by crop, of values (N, n) of the small one and (N, n, n)."""

    def vote(values: np.ndarray) -> tuple[int, float]:
        label = int((values > 0).sum(axis=1).argmax())
        return label, values[label].min()

    found = []
    for first, quick, slow in zip(winner, small, full, strict=True):
        label, margin = first, quick.min()
        if margin < clear:
            own = np.where(quick < clear, slow[first], quick)
            margin = own.min()
            if margin <= 0:
                label = int(own.argmin())
                theirs = quick - quick[label]
                theirs[[first, label]] = -np.inf, np.inf  # the full one has said who wins
                margin = np.where(theirs < clear, slow[label], theirs).min()
            if margin <= 0:
                label, margin = vote(slow)
        found.append((label, margin))
    labels, margins = zip(*found, strict=True)
    return np.array(labels), np.array(margins)


def test_margin_is_the_winners_closest_duel_and_decides_confidence() -> None:
    machine = Duels(
        classes=np.array([-1, 3, 7]), projection=Projection(np.zeros((1, 60)), np.zeros(60)),
        machine=Shared.of(np.zeros((0, 60)), (), 1.0),
        intercepts=np.zeros((3, 3), np.float32), calibration=CALIBRATION,
    )  # fmt: skip
    # Duels: (-1, 3), (-1, 7), (3, 7).
    given = [[2, 1, 9], [-1, 5, 2], [-3, -3, -0.5], [1, -1, 1], [0, 1, 1]]
    values = np.full((5, 3, 3), np.inf, np.float32)
    for k, (i, j) in enumerate(duels(3)):
        values[:, i, j] = np.array(given)[:, k]
        values[:, j, i] = -values[:, i, j]
    votes = machine.count(values)
    # Then a draw of one vote each, which goes to the first, and a level duel, which does not.
    assert votes.labels.tolist() == [-1, 3, 7, -1, 3]
    assert votes.margins.tolist() == [1, 1, 0.5, -1, 0]
    assert votes.confidence.tolist() == pytest.approx([0.75, 0.75, 0.625, 0.1, 0.5])


def test_a_file_comes_back_as_it_was_written(fitted: Fitted, path: Path) -> None:
    model = svm.load(path)
    assert model.id == fitted.meta["sha256"][:8]
    assert model.scores == {"x": 0.5}
    given, expected = model.classify(fitted.crops), fitted.model.classify(fitted.crops)
    np.testing.assert_array_equal(given.margins, expected.margins)


def test_the_shipped_model_loads_and_reads() -> None:
    model = svm.load(paths.model_file())
    crops, labels = enlarged(400)
    # Enlarged 8x8 pictures are a poor likeness of MNIST.
    assert (model.classify(crops).labels == labels).mean() > 0.5


def resigned(arrays: Arrays, meta: dict[str, Any]) -> bytes:
    """A file whose checksum is right, whatever else is wrong."""
    meta = meta | {"sha256": model_file.digest(arrays, meta)}
    arrays = arrays | {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    return to_bytes(arrays)


def nan(array: np.ndarray) -> np.ndarray:
    spoilt = array.copy()
    spoilt.flat[3] = np.nan
    return spoilt


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("vectors", nan, "vectors holds values that are not finite"),
        ("coefs", nan, "coefs holds values"),
        ("coefs", lambda a: a[:, 1:], "coefs has the shape"),
        ("vectors", lambda a: a[:, 1:], "vectors has the shape"),
        ("vectors", lambda a: a[0, 0], "vectors has the shape"),
        ("vectors", lambda a: a.astype(np.float64), "vectors is float64"),
        ("projection", lambda a: a[1:], "projection has the shape"),
        ("counts", lambda a: a + 1, "has the shape"),
        ("counts", lambda a: -a, "counts"),
        ("classes", lambda a: a[::-1].copy(), "classes"),
        ("classes", lambda a: a + np.int8(1), "classes"),
        ("calibration", lambda a: a[:, ::-1].copy(), "calibration"),
        ("calibration", lambda a: a * 2, "calibration"),
        ("calibration", lambda a: a[:, :0], "calibration"),
        ("intercepts", lambda a: a + 5, "self-test"),
        ("test_labels", lambda a: a[:0], "test_crops has the shape"),
    ],
)
def test_wrong_arrays_are_refused(
    fitted: Fitted, path: Path, name: str, spoil: Callable[[np.ndarray], np.ndarray], says: str
) -> None:
    path.write_bytes(resigned(fitted.arrays | {name: spoil(fitted.arrays[name])}, fitted.meta))
    with pytest.raises(ModelError, match=says):
        svm.load(path)


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("quick_vectors", nan, "quick_vectors holds values that are not finite"),
        ("quick_vectors", lambda a: np.pad(a, ((0, 0), (0, 50))), "quick_vectors has the shape"),
        ("quick_vectors", lambda a: a[0, 0], "quick_vectors has the shape"),
        (
            "quick_weights",
            lambda a: a[:, 1:],
            "quick_vectors has the shape|quick_weights has the shape",
        ),
        ("quick_weights", lambda a: a[1:], "quick_vectors has the shape"),
        ("quick_calibration", lambda a: a * 4, "quick_calibration"),
        ("quick_intercepts", lambda a: a[1:], "quick_intercepts has the shape"),
        ("quick_intercepts", lambda a: a * 50, "self-test"),
    ],
)
def test_a_wrong_cascade_is_refused(
    fitted: Fitted, tmp_path: Path, name: str, spoil: Callable[[np.ndarray], np.ndarray], says: str
) -> None:
    arrays, meta = fitted.cascade
    path = tmp_path / "digits.npz"
    path.write_bytes(to_bytes(arrays))
    assert svm.load(path).quick
    path.write_bytes(resigned(arrays | {name: spoil(arrays[name])}, meta))
    with pytest.raises(ModelError, match=says):
        svm.load(path)
    for change in ({"quick_gamma": 0.0}, {"quick_clear": -1.0}, {"quick_clear": None}):
        path.write_bytes(resigned(arrays, meta | change))
        with pytest.raises(ModelError, match=next(iter(change))):
            svm.load(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"gamma": 0.0}, "gamma"),
        ({"gamma": float("nan")}, "gamma"),
        ({"gamma": "0.1"}, "gamma"),
        ({"version": 1}, "version 1, this camd reads 2"),
        ({"format": "other"}, "not a camd model"),
        ({"features": {"directions": 8}}, "features"),
        ({"features": {"directions": 7, "scales": [[0, 5, 1]]}}, "features"),
        ({"features": {"directions": 8, "scales": [[0, 6, 1]]}}, "projection has the shape"),
        ({"surroundings": [[0.5] * 3]}, "surroundings"),
        (
            {"surroundings": [[0.5] * (OWN + 1), [float("inf")] * (OWN + AROUND + 1)]},
            "surroundings",
        ),
        ({"surroundings": []}, "surroundings"),
        ({"scores": {"x": 0.9}}, "self-test|checksum"),
    ],
)
def test_wrong_descriptions_are_refused(
    fitted: Fitted, path: Path, change: dict[str, Any], says: str
) -> None:
    if "scores" in change:  # signed before the change
        meta = fitted.meta | change
        text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        path.write_bytes(to_bytes(fitted.arrays | {"meta": text}))
    else:
        path.write_bytes(resigned(fitted.arrays, fitted.meta | change))
    with pytest.raises(ModelError, match=says):
        svm.load(path)


def test_a_changed_weight_is_found_by_the_checksum(fitted: Fitted, path: Path) -> None:
    coefs = fitted.arrays["coefs"].copy()
    coefs[0, 0] += 1e-6
    path.write_bytes(to_bytes(fitted.arrays | {"coefs": coefs}))
    with pytest.raises(ModelError, match="checksum"):
        svm.load(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match="cut short"):
        svm.load(path)


def test_flipped_bytes_never_pass_nor_crash(path: Path) -> None:
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 60):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            model = svm.load(path)
        except ModelError:
            continue
        # A byte of the zip directory that nobody reads, such as a date.
        assert model.scores == {"x": 0.5}


def archive(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.npz", lambda: archive(a=np.zeros(3)), "not a camd model"),
        ("m.npz", lambda: archive(a=np.zeros(65 * 2**20, np.uint8)), "more than 64 MiB"),
        ("m.npz", lambda: archive(meta=np.array([{"format": "camd-svm"}])), "damaged"),
        ("m.npz", lambda: b"hello", "not a camd model"),
        ("m.npz", lambda: pickle.dumps(SVC()), "pickle.*camd train"),
        ("m.joblib", lambda: b"\x78\x9c compressed", "pickle.*camd train"),
    ],
)
def test_foreign_files_are_refused(
    tmp_path: Path, name: str, content: Callable[[], bytes], says: str
) -> None:
    (tmp_path / name).write_bytes(content())
    with pytest.raises(ModelError, match=says):
        svm.load(tmp_path / name)


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    """Sparse, and its end says that the gigabyte before it is the directory of the archive."""
    path = tmp_path / "m.npz"
    gigabyte = 2**30
    path.write_bytes(b"PK\x03\x04")
    with path.open("r+b") as file:
        file.seek(gigabyte + 4)
        file.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, gigabyte, 4, 0))
    with pytest.raises(ModelError, match="larger than 64 MiB"):
        svm.load(path)


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.npz: no such model file"):
        svm.load(tmp_path / "nowhere.npz")
    with pytest.raises(ModelError, match="cannot be read"):
        svm.load(tmp_path)


def test_what_reads_rows_can_be_left_out() -> None:
    whole, lean = (svm.load(paths.model_file(), with_rows=rows) for rows in (True, False))
    assert whole.rows is not None
    assert lean.rows is None
    crops = enlarged(50)[0]
    np.testing.assert_array_equal(lean.classify(crops).margins, whole.classify(crops).margins)


def test_some_are_replaced_in_a_copy() -> None:
    floats = np.float32([0.5, 0.6, 0.7])
    three = Classified(np.array([1, 2, 3]), floats, floats)
    other = Classified(np.array([9]), np.float32([0.1]), np.float32([0.2]))
    replaced = three.replaced(np.array([1]), other)
    assert replaced.labels.tolist() == [1, 9, 3]
    assert replaced.margins[1] == np.float32(0.1)
    assert replaced.confidence[1] == np.float32(0.2)
    assert three.labels.tolist() == [1, 2, 3]
    assert three.margins[1] == three.confidence[1] == np.float32(0.6)
