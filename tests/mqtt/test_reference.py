"""The reference cannot drift: python -m tests.mqtt.reference brings it along."""

import json
import re

from jsonschema import Draft202012Validator

from camd.mqtt.messages import TOPICS
from tests.mqtt.reference import DOCUMENT, SCHEMAS, document, examples, schemas


def test_the_examples_are_what_a_subscriber_gets() -> None:
    text = DOCUMENT.read_text()
    assert document(text, examples()) == text
    shown = {name.split("/")[0] for name in re.findall(r"<!-- example: (\S+) -->", text)}
    assert shown == set(TOPICS)


def test_the_schemas_are_what_the_code_says() -> None:
    assert {path.stem: path.read_text() for path in SCHEMAS.glob("*.json")} == schemas()


def test_the_schemas_are_schemas() -> None:
    for text in schemas().values():
        Draft202012Validator.check_schema(json.loads(text))
