"""Answers in JSON: the schema that was asked for, and whether an answer fits it.

A grammar makes an answer fit, as far as it goes (it knows neither every keyword nor a broken-off
end), and a server elsewhere may know none; so every answer is checked.
"""

import json
from typing import Any

import jsonschema
import referencing
import referencing.exceptions

from inference_service.engines.language.model import SchemaRefusedError

_Validator = jsonschema.Draft202012Validator


def parse_schema(text: str) -> dict[str, Any] | None:
    """Return the schema; None for the empty string. Raises SchemaRefusedError."""
    if not text:
        return None
    try:
        schema = json.loads(text)
        _Validator.check_schema(schema)
    except (ValueError, RecursionError, jsonschema.SchemaError) as error:
        raise SchemaRefusedError("The JSON schema is not a valid schema.") from error
    if not isinstance(schema, dict):
        raise SchemaRefusedError("The JSON schema must be an object.")
    return schema


def check_answer(answer: str, schema: dict[str, Any]) -> bool:
    """Return whether the answer is JSON that fits the schema."""
    # A registry of its own: the library's fetches what a `$ref` names from the network.
    validator = _Validator(schema, registry=referencing.Registry())
    try:
        return bool(validator.is_valid(json.loads(answer)))
    except (ValueError, RecursionError, referencing.exceptions.Unresolvable):
        return False
