"""Of a JSON schema: an example of its values, and its fields as rows of a table. Pure functions.

Schemas are those of drf-spectacular and of `asyncapi.yaml`: `$ref` within one document, `allOf`,
`oneOf`, `anyOf`, arrays and objects.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Schema = Mapping[str, Any]
FILE_EXAMPLE = "(the file)"
_DEEPEST = 3  # of what is shown: a segment's words, and no further
_EXAMPLE_DEPTH = 6
_CODE = re.compile(r"`([^`]+)`")
_ENUM_LINES = re.compile(r"^\* `[^`]*` - .*$", re.MULTILINE)  # drf-spectacular repeats the values
# What fields of these names look like; else the type decides.
_BY_NAME: dict[str, Any] = {
    "code": "invalid_value",
    "confidence": 0.97,
    "created_at": "2026-11-26T11:42:05Z",
    "duration": 3.2,
    "email": "ann@example.com",
    "end": 1.4,
    "language": "en",
    "model": "large-v3-turbo",
    "name": "Ann",
    "question": "What was decided?",
    "secret": "whsec_…",
    "speaker": "Speaker 1",
    "start": 0.0,
    "text": "Good morning.",
    "time_zone": "Europe/Prague",
    "title": "Interview",
    "url": "https://example.com/hook",
    "word": "Good",
}
_BY_FORMAT: dict[str, Any] = {
    "binary": FILE_EXAMPLE,
    "date": "2026-11-26",
    "date-time": "2026-11-26T11:42:05Z",
    "email": "ann@example.com",
    "uri": "https://example.com/",
    "uuid": "0d6f3a52-4a0b-4a8e-9a55-3b1f6c1f0c11",
}
_BY_TYPE: dict[str, Any] = {"boolean": True, "integer": 1, "null": None, "number": 1.5}


@dataclass(frozen=True)
class SchemaField:
    """A row: `depth` counts the objects around it."""

    name: str
    kind: str
    is_required: bool
    text: SafeString
    depth: int = 0


def mark_up(text: str) -> SafeString:
    """Return HTML of a description: what stands in backticks is code."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text.strip())))  # noqa: S308  # escaped before


def resolve(schema: Schema, schemas: Schema) -> dict[str, Any]:
    """Return the schema with its reference followed and what `allOf` names put together."""
    found = dict(schema)
    while "$ref" in found:
        name = found.pop("$ref").rpartition("/")[2]
        found = {**schemas.get(name, {}), **found}
    for part in found.pop("allOf", ()):
        whole = resolve(part, schemas)
        properties = {**whole.get("properties", {}), **found.get("properties", {})}
        required = [*whole.get("required", ()), *found.get("required", ())]
        found = {**whole, **found}
        if properties:
            found |= {"properties": properties, "required": required}
    return found


def first_choice(schema: dict[str, Any], schemas: Schema) -> dict[str, Any]:
    """Return the first of the alternatives that is not empty."""
    for key in ("oneOf", "anyOf"):
        for choice in schema.get(key, ()):
            if choice.get("type") != "null":
                return resolve(choice, schemas)
    return schema


def make_example(schema: Schema, schemas: Schema, *, name: str = "", depth: int = 0) -> Any:
    """Return a value that the schema allows, in the API's own words where its fields are known."""
    found = first_choice(resolve(schema, schemas), schemas)
    for key in ("example", "const", "default"):
        if found.get(key) not in (None, "", []):
            return found[key]
    if found.get("enum"):
        return found["enum"][0]
    kind = _first_type(found)
    if kind == "object" or "properties" in found:
        return _example_object(found, schemas, depth)
    if kind == "array":
        item = make_example(found.get("items", {}), schemas, name=name, depth=depth + 1)
        return [] if depth >= _EXAMPLE_DEPTH or item is None else [item]
    if name in _BY_NAME and isinstance(_BY_NAME[name], str) == (kind == "string"):
        return _BY_NAME[name]
    return _BY_FORMAT.get(found.get("format", ""), _BY_TYPE.get(kind, "…"))


def _example_object(found: dict[str, Any], schemas: Schema, depth: int) -> dict[str, Any]:
    if depth >= _EXAMPLE_DEPTH:
        return {}
    return {
        name: make_example(part, schemas, name=name, depth=depth + 1)
        for name, part in found.get("properties", {}).items()
    }


def list_fields(schema: Schema, schemas: Schema, *, depth: int = 0) -> Iterator[SchemaField]:
    """Yield the fields of an object, those of its objects after them, down to `_DEEPEST`."""
    found = first_choice(resolve(schema, schemas), schemas)
    if _first_type(found) == "array":
        found = first_choice(resolve(found.get("items", {}), schemas), schemas)
    required = set(found.get("required", ()))
    for name, part in found.get("properties", {}).items():
        whole = resolve(part, schemas)
        yield SchemaField(
            name=name,
            kind=name_type(whole, schemas),
            is_required=name in required,
            text=mark_up(describe(whole)),
            depth=depth,
        )
        if depth + 1 < _DEEPEST:
            yield from list_fields(whole, schemas, depth=depth + 1)


def name_type(schema: Schema, schemas: Schema) -> str:
    """Return what a reader calls it: `string`, `integer or null`, `array of objects`."""
    found = resolve(schema, schemas)
    choices = [*found.get("oneOf", ()), *found.get("anyOf", ())]
    if choices:
        names = dict.fromkeys(name_type(choice, schemas) for choice in choices)
        return " or ".join(names)
    kind = found.get("type", "object" if "properties" in found else "")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        item = name_type(found.get("items", {}), schemas)
        return f"array of {item}s" if item in ("object", "string", "number", "integer") else "array"
    return str(kind or ("string" if "enum" in found or "const" in found else "any"))


def describe(schema: Schema) -> str:
    """Return its description with its bounds: values, least and most, what it is by default."""
    parts = [_ENUM_LINES.sub("", str(schema.get("description", ""))).strip()]
    values = [value for value in schema.get("enum", ()) if value not in (None, "")]
    if 1 < len(values) <= 24:
        parts.append("One of " + ", ".join(f"`{value}`" for value in values) + ".")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        parts.append(f"From {low} to {high}.")
    if schema.get("maxLength"):
        parts.append(f"At most {schema['maxLength']} characters.")
    if schema.get("default") not in (None, "", [], {}):
        parts.append(f"Default: `{_as_json(schema['default'])}`.")
    return " ".join(part for part in parts if part)


def _as_json(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first_type(schema: Schema) -> str:
    kind = schema.get("type", "")
    if isinstance(kind, list):
        return next((str(name) for name in kind if name != "null"), "null")
    return str(kind)
