"""Answers in JSON are checked by the schema alone: nothing is fetched."""

import json
import socket

import pytest

from inference_service.engines.language.answers import check_answer, parse_schema
from inference_service.engines.language.model import SchemaRefusedError

SCHEMA = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"n": 1}', True),
        (' {"n": 2} ', True),
        ('{"n": 3}', False),
        ("{}", False),
        ('{"n": 1', False),
        ('Sure: {"n": 1}', False),
        ("", False),
        ("[" * 100_000, False),
    ],
)
def test_an_answer_is_json_that_fits_or_it_is_not(answer: str, expected: bool) -> None:
    assert check_answer(answer, SCHEMA) is expected


def test_a_reference_to_elsewhere_is_never_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        schema = {"$ref": f"http://127.0.0.1:{elsewhere.getsockname()[1]}/schema.json"}
        assert parse_schema(json.dumps(schema)) == schema
        assert not check_answer("1", schema)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"type": "strange"}', '{"required": 1}'])
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(SchemaRefusedError):
        parse_schema(text)


def test_no_schema_is_none() -> None:
    assert parse_schema("") is None
