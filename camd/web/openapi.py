"""PURE. The description of the API as OpenAPI 3.1, made from the shapes in answers.py."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from camd import __version__
from camd.web import answers

_PROBLEMS = {
    "401": "a password is needed",
    "421": "this name is not one of this machine: web.hosts",
    "429": "too many wrong passwords: wait",
}
_MOMENT = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}]}
_RANGE = [
    {"name": name, "in": "query", "description": text, "schema": schema}
    for name, text, schema in (
        ("region", "its name; the first one where it is left out", {"type": "string"}),
        ("since", "a time, or seconds since 1970; by default a day before", _MOMENT),
        ("until", "likewise; by default now", _MOMENT),
        (
            "step",
            "between points: seconds, or a part of the calendar; 0: all points",
            {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": 99_999_999},
                    {"enum": ["hour", "day", "month"]},
                ]
            },
        ),
    )
]
_REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """Return the document that /api/openapi.json serves."""
    schemas: dict[str, Any] = {}
    for shape in (
        answers.Readings,
        answers.Regions,
        answers.Health,
        answers.Problem,
        answers.History,
        answers.Changed,
        answers.Setting,
        answers.Forgetting,
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
            "/api/region/set": _post(
                "Have a region go on from a value that somebody knows to be right", "Setting"
            ),
            "/api/region/forget": _post("Have the last value of a region forgotten", "Forgetting"),
            "/api/history": _get(
                "What a region said in a range of time",
                _json("History"),
                none="the history cannot be read",
                parameters=_RANGE,
            ),
            "/api/history.csv": _get(
                "The same as a table, its columns named as in /api/history",
                {"text/csv": {"schema": {"type": "string"}}},
                none="the history cannot be read",
                parameters=_RANGE,
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
            "securitySchemes": {
                "password": {"type": "http", "scheme": "basic"},
                "token": {"type": "apiKey", "in": "header", "name": "x-camd-token"},
            },
        },
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=name)}}}


def _post(what: str, body: str) -> dict[str, Any]:
    problems = {
        **_PROBLEMS,
        "400": "this is no JSON",
        "403": "without a password: send the token that /session gives as x-camd-token",
        "408": "the request came too slowly",
        "413": "the request is too long",
        "415": "send application/json",
        "422": "what was asked for is wrong",
    }
    answers: dict[str, Any] = {"200": {"description": what, "content": _json("Changed")}}
    answers |= {
        code: {"description": text, "content": _json("Problem")} for code, text in problems.items()
    }
    request = {"required": True, "content": _json(body)}
    secured: list[dict[str, list[str]]] = [{"token": []}, {"password": []}]
    return {
        "post": {"summary": what, "requestBody": request, "responses": answers, "security": secured}
    }


def _get(
    what: str,
    content: dict[str, Any],
    none: str = "",
    parameters: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    problems = dict(_PROBLEMS)
    if none:
        problems["503"] = none
    if parameters:
        problems["422"] = "what was asked for cannot be answered"
    answers = {"200": {"description": what, "content": content}}
    answers |= {
        code: {"description": text, "content": _json("Problem")} for code, text in problems.items()
    }
    found: dict[str, Any] = {"summary": what, "responses": answers}
    if parameters:
        found["parameters"] = list(parameters)
    return {"get": found}
