import cv2
import numpy as np
import pytest

from camd.classify.features import CHUNK, FeatureSpec, Scale, extract

SPECS = [
    FeatureSpec(8, (Scale(0.0, 7),)),
    FeatureSpec(12, (Scale(0.5, 8), Scale(1.0, 5, 0.7))),
    FeatureSpec(8, (Scale(0.5, 7),), upright=24.0, shape=0.5),
]


def crops(count: int, seed: int = 0) -> np.ndarray:
    """Blobs: noise that was blurred, so that gradients point everywhere."""
    noise = np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return np.stack([cv2.GaussianBlur(one, (0, 0), 2) for one in noise])


def by_hand(crop: np.ndarray, directions: int, grid: int) -> np.ndarray:
    """The paper's definition, one pixel at a time, without blur."""
    image = np.pad(crop.astype(np.float64) / 255, 3)
    across = cv2.Sobel(image, cv2.CV_64F, 1, 0)[1:-1, 1:-1] / 8
    down = cv2.Sobel(image, cv2.CV_64F, 0, 1)[1:-1, 1:-1] / 8
    step = 2 * np.pi / directions
    maps = np.zeros((directions, 32, 32))
    for y, x in np.ndindex(32, 32):
        angle = np.arctan2(down[y, x], across[y, x]) % (2 * np.pi)
        first = int(angle // step) % directions
        second = (first + 1) % directions
        axes = np.array(
            [
                [np.cos(k * step) for k in (first, second)],
                [np.sin(k * step) for k in (first, second)],
            ]
        )
        maps[first, y, x], maps[second, y, x] = np.linalg.solve(axes, [across[y, x], down[y, x]])
    interval = 32 / grid
    centres = (np.arange(grid) + 0.5) * interval - 0.5
    sigma = np.sqrt(2) * interval / np.pi
    pool = np.exp(-0.5 * ((np.arange(32) - centres[:, None]) / sigma) ** 2)
    pool /= pool.sum(axis=1, keepdims=True)
    return np.sqrt(np.maximum(pool @ maps @ pool.T, 0)).ravel()


@pytest.mark.parametrize(("directions", "grid"), [(8, 7), (12, 8)])
def test_equals_the_paper_computed_pixel_by_pixel(directions: int, grid: int) -> None:
    few = crops(3)
    spec = FeatureSpec(directions, (Scale(0.0, grid),))
    expected = np.stack([by_hand(crop, directions, grid) for crop in few])
    # The square root makes 1e-8 of rounding 1e-4 near zero.
    np.testing.assert_allclose(extract(few, spec), expected, atol=3e-4)


@pytest.mark.parametrize("spec", SPECS)
def test_a_crop_does_not_depend_on_its_neighbours_in_the_batch(spec: FeatureSpec) -> None:
    many = crops(CHUNK + 3)
    alone = np.concatenate([extract(many[i : i + 1], spec) for i in (0, 1, CHUNK, CHUNK + 2)])
    np.testing.assert_allclose(extract(many, spec)[[0, 1, CHUNK, CHUNK + 2]], alone, atol=1e-5)


def test_a_turned_crop_has_the_same_features_elsewhere() -> None:
    spec = FeatureSpec(8, (Scale(0.7, 7),))
    crop = crops(1)
    turned = extract(np.rot90(crop, axes=(1, 2)).copy(), spec).reshape(8, 7, 7)
    expected = np.roll(np.rot90(extract(crop, spec).reshape(8, 7, 7), axes=(1, 2)), -2, axis=0)
    np.testing.assert_allclose(turned, expected, atol=3e-4)


@pytest.mark.parametrize("spec", SPECS)
def test_no_crops_give_no_features(spec: FeatureSpec) -> None:
    none = extract(np.empty((0, 28, 28), np.uint8), spec)
    assert none.shape == (0, spec.size)
    assert none.dtype == np.float32


def test_an_empty_crop_has_no_edges() -> None:
    assert not extract(np.zeros((1, 28, 28), np.uint8), FeatureSpec()).any()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: FeatureSpec(7),
        lambda: FeatureSpec(8, (Scale(-1.0, 7),)),
        lambda: FeatureSpec(upright=-1.0),
        lambda: FeatureSpec(shape=float("nan")),
    ],
)
def test_impossible_specs_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="must be"):
        wrong()
