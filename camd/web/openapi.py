"""PURE. The description of the API as OpenAPI 3.1, made from the shapes in answers.py."""

from typing import Any

from pydantic import TypeAdapter

from camd import __version__
from camd.web import answers

_REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """Return the document that /api/openapi.json serves."""
    schemas: dict[str, Any] = {}
    for shape in (
        answers.Readings,
        answers.Regions,
        answers.Health,
        answers.Problem,
    ):
        schema = TypeAdapter(shape).json_schema(ref_template=_REF)
        schemas |= schema.pop("$defs", {})
        schemas[shape.__name__] = schema
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "camd",
            "version": __version__,
            "description": "What camd reads. Where a password is set, send it as Basic "
            "authentication with any name, or the cookie of the page's session.",
        },
        "servers": [{"url": ".."}],
        "security": [{}, {"password": []}],
        "paths": {
            "/api/readings": _get("What the whole picture says", _json("Readings")),
            "/api/regions": _get("What each region says", _json("Regions")),
            "/api/health": _get("How camd is doing", _json("Health"), none="camd is starting"),
            "/api/snapshot.jpg": _get(
                "The newest picture, with what is read in it",
                {"image/jpeg": {"schema": {"type": "string", "contentMediaType": "image/jpeg"}}},
                none="there is no picture that is new enough",
            ),
            "/metrics": _get(
                "Health for Prometheus",
                {"text/plain": {"schema": {"type": "string"}}},
                none="camd is starting",
            ),
            "/api/openapi.json": _get(
                "This document", {"application/json": {"schema": {"type": "object"}}}
            ),
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"password": {"type": "http", "scheme": "basic"}},
        },
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=name)}}}


def _get(what: str, content: dict[str, Any], none: str = "") -> dict[str, Any]:
    problems = {
        "401": "a password is needed",
        "421": "this name is not one of this machine: web.hosts",
        "429": "too many wrong passwords: wait",
    }
    if none:
        problems["503"] = none
    answers = {"200": {"description": what, "content": content}}
    answers |= {
        code: {"description": text, "content": _json("Problem")} for code, text in problems.items()
    }
    return {"get": {"summary": what, "responses": answers}}
