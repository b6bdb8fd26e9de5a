"""Every message that a test hears is held against its JSON Schema."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from camd.mqtt.messages import TOPICS, schema


def check(topic: str, payload: bytes) -> None:
    """Fail where `payload` is not what the schema of `topic` says; other topics pass."""
    parts = topic.split("/")
    name = parts[-2] if parts[-2:-1] == ["region"] else parts[-1]
    name = "response" if "response" in parts else name
    if name == "crops":
        payload, _, pixels = payload.partition(b"\n")
        head = json.loads(payload)
        assert len(pixels) == 784 * head["count"] == 784 * len(head["boxes"])
    if name in TOPICS and payload and "request" not in parts:
        _validator(name).validate(json.loads(payload))


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(_closed(schema(name)))


def _closed(node: Any) -> Any:
    """The schemas leave room for keys to come; a test must see those that nobody described."""
    if isinstance(node, dict):
        closed = {key: _closed(item) for key, item in node.items()}
        return {"additionalProperties": False} | closed if "properties" in node else closed
    return [_closed(item) for item in node] if isinstance(node, list) else node
