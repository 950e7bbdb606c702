"""What the API answers, read from its OpenAPI document: named objects with their fields.

Left out are the dialects of other vendors, who have clients of their own, and what is only sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NOT_OURS = ("/v1/audio/", "/v1/models/", "/v2/", "/api/v1/billing/stripe/")


@dataclass(frozen=True)
class Kind:
    """The type of a value.

    `name`: string, integer, number, boolean, object, null or any; `array` and `map` of what
    `parts` has; `union` of several; `literal` of `values`; else the name of an answer.
    """

    name: str
    parts: tuple["Kind", ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    name: str
    kind: Kind
    is_required: bool
    description: str


@dataclass(frozen=True)
class Answer:
    """An object that the API answers with; without fields it is another name for `kind`."""

    name: str
    fields: tuple[Field, ...]
    kind: Kind | None
    description: str


def answers_in(document: Mapping[str, Any]) -> list[Answer]:
    """Return all objects that successful answers hold, by name."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    found: dict[str, Answer] = {}
    waiting = ["Error", *_answered(document)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _read_answer(name, schemas[name])
            waiting += _references(schemas[name])
    return [found[name] for name in sorted(found)]


def _answered(document: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        if path.startswith(_NOT_OURS) or not path.startswith(("/v1/", "/api/v1/", "/health")):
            continue
        for operation in operations.values():
            for status, answer in operation.get("responses", {}).items():
                if status.startswith("2"):
                    yield from _references(answer.get("content", {}))


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield str(value).rpartition("/")[2]
            elif key not in ("example", "examples", "description"):
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _read_answer(name: str, schema: Mapping[str, Any]) -> Answer:
    required = schema.get("required", ())
    fields = tuple(
        Field(
            name=field,
            kind=kind_of(value),
            is_required=field in required,
            description=" ".join(value.get("description", "").split()),
        )
        for field, value in schema.get("properties", {}).items()
    )
    description = " ".join(schema.get("description", "").split())
    return Answer(name, fields, None if fields else kind_of(schema), description)


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """Return the type that a schema describes."""
    if "$ref" in schema:
        return Kind(str(schema["$ref"]).rpartition("/")[2])
    several = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if several:
        return _union([kind_of(part) for part in several])
    if "enum" in schema:
        values = tuple(value for value in schema["enum"] if isinstance(value, str))
        rest = [Kind("null")] if None in schema["enum"] else []
        return _union([Kind("literal", values=values), *rest])
    if isinstance(schema.get("type"), list):
        return _union([kind_of({**schema, "type": each}) for each in schema["type"]])
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> Kind:
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return Kind("array", (kind_of(schema.get("items", {})),))
    if kind == "object":
        values = schema.get("additionalProperties")
        return Kind("map", (kind_of(values) if isinstance(values, dict) else Kind("any"),))
    return Kind(kind)


def _union(parts: list[Kind]) -> Kind:
    flat: dict[Kind, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if part.name == "union" else (part,)))
    return next(iter(flat)) if len(flat) == 1 else Kind("union", tuple(flat))
