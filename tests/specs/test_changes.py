"""Nothing breaks clients of the last release unless the changelog names it; and what a break is."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stt_web.openapi import build_document
from stt_web.reference.live import read_asyncapi
from tests.specs.changes import Schema, find_breaks, reduce_schema

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASED = Path(__file__).parent / "released"
DOCUMENTS: dict[str, Callable[[], Schema]] = {
    "openapi": build_document,
    "asyncapi": read_asyncapi,
}


def named_as_breaking() -> str:
    """Return what the changelog's unreleased part has below "Breaking"."""
    unreleased = (ROOT / "CHANGELOG.md").read_text().split("\n## ", 2)[1]
    found = re.search(r"^### Breaking\n(.*?)(?=^### |\Z)", unreleased, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_breaks_a_client_is_in_the_changelog(name: str) -> None:
    released = json.loads((RELEASED / f"{name}.json").read_text())
    named = named_as_breaking()
    unnamed = [
        str(found)
        for found in find_breaks(released, DOCUMENTS[name]())
        if f"`{found.where}`" not in named
    ]
    assert unnamed == [], "Name each in CHANGELOG.md under '### Breaking', or keep it as it was."


BEFORE: Schema = {
    "paths": {
        "/v1/things": {
            "post": {
                "security": [{"key": []}, {}],
                "parameters": [{"in": "query", "name": "page", "schema": {"type": "integer"}}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
                },
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/B"}}
                        }
                    },
                    "404": {},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "A": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                },
            },
            "B": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/C"}},
                },
            },
            "C": {"type": "object", "properties": {"size": {"type": "integer"}}},
        }
    },
}


def change(path: str, value: Any) -> Schema:
    """Return the document with another value at a path; None takes it out."""
    document = copy.deepcopy(BEFORE)
    *steps, last = path.split(" ")
    part: Any = document
    for step in steps:
        part = part[int(step) if isinstance(part, list) else step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return document


POST = "paths /v1/things post"
SCHEMAS = "components schemas"


@pytest.mark.parametrize(
    ("path", "value", "reports"),
    [
        (POST, None, "it was removed"),
        (f"{POST} security", [{"key": []}], "needs a key"),
        (f"{POST} parameters", [], "parameter page was removed"),
        (f"{POST} parameters 0 required", True, "page is required"),
        (f"{POST} parameters 0 schema type", "boolean", "page: integer is not taken"),
        (f"{POST} responses 200 content", {"text/plain": {}}, "no application/json"),
        (f"{POST} responses 200", None, "doesn't answer 200"),
        (f"{SCHEMAS} A required", ["name", "kind"], "field kind is required"),
        (f"{SCHEMAS} A properties kind enum", ["a"], "b is not taken"),
        (f"{SCHEMAS} A properties name", None, "field name was removed"),
        (f"{SCHEMAS} B required", [], "id may be missing"),
        (f"{SCHEMAS} B properties id type", ["string", "null"], "null may come"),
        (f"{SCHEMAS} C properties size", None, "parts[].size was removed"),
        (f"{SCHEMAS} C properties size type", "string", "parts[].size: string may come"),
    ],
)
def test_a_break_is_found(path: str, value: Any, reports: str) -> None:
    found = find_breaks(BEFORE, change(path, value))

    assert [each.where for each in found] == ["POST /v1/things"]
    assert reports in found[0].what


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{POST} responses 404", None),
        ("paths /v1/more", {"get": {"responses": {}}}),
        (f"{SCHEMAS} A required", []),
        (f"{SCHEMAS} A properties new", {"type": "string"}),
        (f"{SCHEMAS} A properties name type", ["string", "null"]),
        (f"{SCHEMAS} A properties kind enum", ["a", "b", "c"]),
        (f"{SCHEMAS} B properties new", {"type": "string"}),
        (f"{SCHEMAS} B required", ["id", "parts"]),
        (f"{SCHEMAS} B properties id description", "Longer."),
    ],
)
def test_what_breaks_no_one_is_let_through(path: str, value: Any) -> None:
    assert find_breaks(BEFORE, change(path, value)) == []


def test_a_field_that_is_called_like_a_keyword_stays() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string", "title": "T"}}}

    assert reduce_schema(schema)["properties"] == {"title": {"type": "string"}}


def test_messages_of_a_socket_are_compared_by_who_sends_them() -> None:
    def document(message: Schema) -> Schema:
        return {
            "asyncapi": "3.0.0",
            "channels": {
                "live": {
                    "address": "/live",
                    "messages": {"final": {"$ref": "#/components/messages/final"}},
                }
            },
            "operations": {
                "send": {
                    "action": "send",
                    "channel": {"$ref": "#/channels/live"},
                    "messages": [{"$ref": "#/channels/live/messages/final"}],
                }
            },
            "components": {"messages": {"final": {"payload": message}}},
        }

    was = document({"type": "object", "properties": {"text": {"type": "string"}}})
    now = document({"type": "object", "properties": {}})
    assert [str(each) for each in find_breaks(was, now)] == [
        "`/live final`: the field text was removed"
    ]
    assert find_breaks(now, was) == []
