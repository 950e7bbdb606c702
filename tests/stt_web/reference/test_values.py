"""Examples and fields of JSON schemas."""

import jsonschema

from stt_web.openapi import build_document
from stt_web.reference.values import list_fields, make_example, mark_up, name_type

SCHEMAS = {
    "Word": {
        "type": "object",
        "required": ["word"],
        "properties": {
            "word": {"type": "string"},
            "timing": {"enum": ["aligned", "attention"], "description": "* `aligned` - aligned"},
        },
    },
    "Timed": {"type": "object", "properties": {"start": {"type": "number", "minimum": 0}}},
    "Segment": {
        "allOf": [{"$ref": "#/components/schemas/Timed"}],
        "type": "object",
        "properties": {
            "words": {"type": "array", "items": {"$ref": "#/components/schemas/Word"}},
            "speaker": {"oneOf": [{"type": "string"}, {"type": "null"}]},
            "id": {"type": "string", "format": "uuid"},
        },
    },
}
SEGMENT = {"$ref": "#/components/schemas/Segment"}


def test_an_example_is_in_the_apis_own_words() -> None:
    assert make_example(SEGMENT, SCHEMAS) == {
        "start": 0.0,
        "words": [{"word": "Good", "timing": "aligned"}],
        "speaker": "Speaker 1",
        "id": "0d6f3a52-4a0b-4a8e-9a55-3b1f6c1f0c11",
    }


def test_fields_of_objects_within_come_after_them_and_deeper() -> None:
    rows = list(list_fields(SEGMENT, SCHEMAS))

    assert [(row.name, row.depth) for row in rows] == [
        ("start", 0),
        ("words", 0),
        ("word", 1),
        ("timing", 1),
        ("speaker", 0),
        ("id", 0),
    ]
    by_name = {row.name: row for row in rows}
    assert by_name["words"].kind == "array of objects"
    assert by_name["speaker"].kind == "string or null"
    assert by_name["word"].is_required
    assert by_name["timing"].text == "One of <code>aligned</code>, <code>attention</code>."


def test_a_schema_that_contains_itself_has_an_end() -> None:
    schemas = {
        "Node": {
            "type": "object",
            "properties": {"next": {"$ref": "#/components/schemas/Node"}},
        }
    }
    node = {"$ref": "#/components/schemas/Node"}

    assert make_example(node, schemas)
    assert len(list(list_fields(node, schemas))) == 3
    assert name_type(node, schemas) == "object"


def test_descriptions_are_escaped() -> None:
    assert mark_up("<b> & `code`") == "&lt;b&gt; &amp; <code>code</code>"


def test_most_examples_of_the_api_are_valid() -> None:
    """Where a pattern or a bound is stricter than an example knows, one may fall short."""
    schemas = build_document()["components"]["schemas"]
    wrong = []
    for name, schema in schemas.items():
        whole = {**schema, "components": {"schemas": schemas}}
        checker = jsonschema.Draft202012Validator(whole)
        if not checker.is_valid(make_example(schema, schemas)):
            wrong.append(name)

    assert len(wrong) <= len(schemas) // 20, wrong
