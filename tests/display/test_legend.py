import numpy as np
import pytest

from camd.display import legend, overlay
from camd.display.window import action_of
from tests.display.test_overlay import HUD, paper


def test_the_line_of_keys_is_there_at_first_then_fades_and_is_gone() -> None:
    seen = [legend.visible(seconds) for seconds in (0, 1, 5, 5.5, 6, 3600)]
    assert seen[:2] == [1, 1]
    assert 1 > seen[2] > seen[3] > 0
    assert seen[4:] == [0, 0]


def test_a_faded_line_leaves_the_picture_as_it_is() -> None:
    image = paper(640, 480)
    shown = [image.copy() for _ in range(3)]
    for one, opacity in zip(shown, (1.0, 0.5, 0.0), strict=True):
        legend.hint(one, 420, 13, opacity)
    whole, half = (np.abs(one.astype(int) - image) for one in shown[:2])
    assert whole.max() > 100
    assert np.abs(whole / 2 - half).max() < 2
    assert np.array_equal(shown[2], image)


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (320, 20), (640, 480), (1920, 1080)])
def test_panel_and_line_are_drawn_on_a_picture_of_any_size(size: tuple[int, int]) -> None:
    image = paper(*size)
    legend.hint(image, size[1] - 5, 13)
    legend.panel(image, (0, size[1], size[0], 0))
    assert image.shape == paper(*size).shape


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720), (480, 800)])
def test_the_panel_keeps_to_the_picture_above_the_bar(size: tuple[int, int]) -> None:
    image = paper(*size)
    bar = (0, size[1] - 46, size[0], 46)
    legend.panel(image, bar)
    changed = np.argwhere((image != paper(*size)).any(axis=2))
    assert len(changed) > 0.2 * size[0] * size[1]
    assert changed.min() > 0
    assert changed[:, 0].max() < bar[1]
    assert changed[:, 1].max() < size[0] - 1


def test_each_key_that_is_said_does_something() -> None:
    names = {"Space": " "}
    said = [action_of(ord(names.get(key, key))) for key, _ in legend.KEYS]
    assert None not in said
    assert len(set(said)) == len(legend.KEYS)
    assert [key for key, _ in legend.SHORT] == [key for key, _ in legend.KEYS]


def test_with_the_panel_open_the_line_is_not_shown_too() -> None:
    size = (640, 480)
    with_panel = overlay.waiting(size, HUD.__class__(legend=True))
    assert not np.array_equal(with_panel, overlay.waiting(size, HUD.__class__()))
    assert np.array_equal(with_panel, overlay.waiting(size, HUD.__class__(legend=True, keys=1.0)))
