"""Held against the tables of a Home Assistant; see tests/home_assistant/house.py."""

import json
from pathlib import Path

import pytest

from camd.config import home_units

KNOWN = json.loads((Path(__file__).parents[1] / "mqtt" / "home_assistant.json").read_text())


@pytest.mark.parametrize("device_class", home_units.UNITS)
def test_units_and_state_classes_are_those_of_home_assistant(device_class: str) -> None:
    assert home_units.UNITS[device_class] == set(KNOWN["units"][device_class])
    # No number on a meter is an angle.
    theirs = set(KNOWN["state_classes"][device_class]) - {"measurement_angle"}
    assert home_units.state_classes(device_class) == theirs


def test_what_is_chosen_is_always_allowed() -> None:
    for device_class in (None, *home_units.UNITS):
        for rising in (True, False):
            chosen = home_units.state_class(device_class, never_decreasing=rising)
            assert home_units.state_problem(chosen, device_class) is None


def test_either_letter_for_a_millionth_will_do() -> None:
    for letter in "\u00b5\u03bc":
        assert home_units.problem("weight", f"{letter}g") is None
