"""Setting up over the wire, and what is said of a drawing."""

import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as rounds
from hypothesis import strategies as st
from pydantic import ValidationError

from camd import paths
from camd.classify import svm
from camd.config.layers import load
from camd.config.settings import RegionSettings
from camd.values import Frame
from camd.web import setup
from camd.web.changes import Changes
from camd.web.feed import Feed
from camd.web.setup import Drawing
from testing.pages import page
from testing.scenes import result
from tests.web.serving import serving, settings

CORNERS = [[0.05, 0.1], [0.95, 0.1], [0.95, 0.9], [0.05, 0.9]]


@pytest.fixture(scope="module")
def feed() -> Feed:
    """A camera that sees 325."""
    fed = Feed(settings(), model=svm.load(paths.model_file()))
    fed.show(Frame(page("3 2 5"), 1, time.time(), time.monotonic()), result())
    return fed


def looked(feed: Feed, **given: Any) -> dict[str, Any]:
    drawing = {"kind": "corners", "name": "total", "points": CORNERS, "options": {}, **given}
    return setup.look(Drawing.model_validate(drawing), feed)


def test_what_is_read_there_is_said_by_the_options(feed: Feed) -> None:
    seen = looked(feed, options={"decimals": 1})
    assert (seen["read"]["value"], seen["read"]["why"]) == ("32.5", "")
    assert seen["preview"].startswith("data:image/jpeg;base64,")
    assert len(seen["digits"]) == 3
    seen = looked(feed, options={"digits": 4})
    assert (seen["read"]["value"], seen["read"]["text"]) == (None, "325")
    assert seen["read"]["why"]


def test_points_are_set_as_in_the_window(feed: Feed) -> None:
    seen = looked(feed, points=[], press=[0.1, 0.1])
    assert (seen["points"], seen["done"]) == (((0.1, 0.1),), False)
    assert seen["asks"] == "click the top right corner"
    # The third and fourth corner in the other order go clockwise all the same.
    seen = looked(feed, points=[[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]], press=[0.9, 0.9])
    assert seen["points"] == ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
    seen = looked(feed, turn=True)
    assert [list(point) for point in seen["points"]] == [*CORNERS[1:], CORNERS[0]]
    # On a side of any shape it comes between the two ends.
    seen = looked(feed, kind="polygon", press=[0.5, 0.101], reach=[0.02, 0.02])
    assert seen["points"][1] == (0.5, 0.101)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"name": "Not A Name"}, "name"),
        ({"options": {"digits": 99}}, "digits"),
        ({"options": {"min": "much"}}, "min"),
        ({"options": {"pattern": "("}}, "pattern"),
        ({"options": {"nonsense": 1}}, "nonsense"),
        ({"kind": "mask", "name": ""}, "name"),
    ],
)
def test_a_wrong_option_is_named_while_all_else_is_read(
    feed: Feed, given: dict[str, Any], wrong: str
) -> None:
    seen = looked(feed, **given)
    assert list(seen["wrong"]) == [wrong]
    assert "kind" in given or seen["read"]["text"] == "325"


def test_without_a_picture_or_a_model_nothing_is_read() -> None:
    seen = looked(Feed(settings()))
    assert (seen["done"], seen["read"], seen["preview"]) == (True, None, None)


def test_every_option_of_a_region_can_be_set(tmp_path: Path) -> None:
    known = setup.known(Changes(tmp_path / "config.toml", lambda: None))
    fields = {one["name"]: one for one in known["fields"]}
    assert {*fields, "name", "polygon", "corners"} == set(RegionSettings.model_fields)
    assert (fields["digits"]["type"], fields["digits"]["words"]) == ("integer", [])
    assert (fields["decimals"]["type"], fields["decimals"]["words"]) == ("integer", ["read"])
    assert fields["never_decreasing"]["type"] == "boolean"
    assert "segments" in fields["display"]["choices"]
    assert all(one["description"] for one in fields.values())


def test_a_region_is_saved_and_taken_back_over_the_wire(feed: Feed, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with serving(feed, Changes(file, lambda: None)) as client:
        client.headers["x-camd-token"] = client.ask("/session").json["token"]
        version = client.ask("/page/setup").json["version"]
        region = {
            "kind": "corners", "name": "total", "points": CORNERS, "options": {"unit": "kg"},
            "version": version,
        }  # fmt: skip
        saved = client.ask("/page/setup/save", region)
        assert saved.status == 200, saved.body
        assert load(file).settings.region[0].unit == "kg"
        assert client.ask("/page/setup/save", region).status == 409
        assert client.ask("/page/setup/save", {**region, "points": CORNERS[:3]}).status == 422
        again = {**region, "version": saved.json["version"]}
        refused = client.ask("/page/setup/save", again).json
        assert "already" in refused["error"]
        assert refused["lines"].startswith('[[region]]\nname = "total"\n')
        undone = client.ask("/page/setup/undo", {"version": saved.json["version"]})
        assert undone.json["regions"] == []
        client.headers.clear()
        assert client.ask("/page/setup/save", region).status == 403


SHAPES = ("look", "save", "remove", "undo")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
points = st.lists(st.lists(st.floats() | st.integers(), max_size=3), max_size=6)
requests = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["corners", "polygon", "mask", "other", ""]),
        "name": st.text(max_size=9),
        "points": points | json_values,
        "options": st.dictionaries(st.sampled_from(list(RegionSettings.model_fields)), json_values),
        "press": json_values | st.lists(st.floats(), min_size=2, max_size=2),
        "reach": json_values,
        "turn": json_values,
        "was": st.text(max_size=9),
        "version": st.text(max_size=9),
    },
)


@rounds(max_examples=150)
@given(given_=requests)
def test_no_request_to_look_fails_by_a_bug(given_: dict[str, Any]) -> None:
    fed = Feed(settings())
    fed.show(Frame(page("3"), 1, 0.0, 0.0), result())
    try:
        drawing = Drawing.model_validate(given_)
    except ValidationError:
        return
    seen = setup.look(drawing, fed)
    assert all(math.isfinite(value) for point in seen["points"] for value in point)
