import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from camd.config.keys import fields, tables
from camd.config.schema import schema
from camd.config.text import HEADER, defaults
from testing.process import camd

ROOT = Path(__file__).parents[2]
VALID = jsonschema.Draft202012Validator(schema())


def wrong(text: str) -> list[str]:
    return [error.message for error in VALID.iter_errors(tomllib.loads(text))]


def test_it_is_a_schema_and_the_one_in_the_repository(tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    printed = camd("config", "schema", home=tmp_path).stdout
    assert json.loads(printed) == schema()
    assert printed == (ROOT / "config.schema.json").read_text()
    assert re.search(r"^#:schema \./config\.schema\.json$", HEADER, re.M)


def test_every_option_as_config_toml_shows_it_is_right() -> None:
    text = defaults().removeprefix(HEADER)
    options = re.sub(r"^# (\[\[|\w+ = )", r"\1", text, flags=re.M)
    document = tomllib.loads(options)
    assert document["region"][0]["corners"]
    assert len(document["mqtt"]) == sum(key[0] == "mqtt" for key, _ in fields())
    assert wrong(options) == []


def test_every_option_is_described_for_the_editor() -> None:
    def described(node: dict[str, Any]) -> int:
        for one in node.values():
            assert one["description"]
            assert "null" not in json.dumps(one)
        return len(node)

    found = schema()
    sections = sum(described(part["properties"]) for part in found["$defs"].values())
    places = sum(len(table.model_fields) for table in tables().values())
    # `name` and `profile` are in no section, and [camera.controls] is in one, but no option.
    assert sections + 1 == sum(1 for _ in fields()) + places


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[camera]\nwidht = 640", "widht"),
        ('[camera]\nwidth = "wide"', "integer"),
        ("[camera]\nrotate = 45", "45"),
        ("[mqtt]\nport = 70000", "65535"),
        ('[log]\nlevel = "loud"', "loud"),
        ('[[region]]\nname = "Meter 1"', "Meter 1"),
        ('[[mask]]\nname = "clock"', "polygon"),
        ("[cammera]", "cammera"),
    ],
)
def test_an_editor_would_mark_what_is_wrong(text: str, says: str) -> None:
    assert says in " ".join(wrong(text))
