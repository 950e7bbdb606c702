"""What of a new OpenAPI or AsyncAPI document would break a client of an older one. Pure functions.

A client breaks where something that it sends is refused, or something that it reads is missing:

    an operation, a channel, a message, a success or one of its media types is removed
    what was open to everyone needs a key
    sent    a field is unknown, or newly required; a type or a value is not taken any more
    read    a field is gone, or may be missing now; it may have another type

A new value of an enumeration, a new field and a new error don't count: clients meet these all the
time. Limits (`maxLength` …) and descriptions are not compared.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Schema = dict[str, Any]
Direction = Literal["sent", "read"]
_METHODS = ("get", "put", "post", "delete", "patch")
_NOT_COMPARED = re.compile(
    r"(description|summary|title|examples?|default|operationId|tags|headers|bindings|info|servers"
    r"|pattern|x-.*|(max|min)[A-Z]?.*|[345]\d\d)\Z"
)
_TO_CLIENT = "send"  # AsyncAPI names the server's own actions


@dataclass(frozen=True)
class Break:
    """`where`: `GET /v1/models`, or `/v1/stream final`, as CHANGELOG.md has to name it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"`{self.where}`: {self.what}"


def find_breaks(old: Schema, new: Schema) -> list[Break]:
    """Return what breaks, in the old document's order; each once."""
    compare = _compare_channels if "asyncapi" in old else _compare_paths
    return list(dict.fromkeys(compare(old, new)))


def reduce_schema(part: Any) -> Any:
    """Return a schema, or a whole document, without what isn't compared."""
    if isinstance(part, list):
        return [reduce_schema(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _reduce_names(value) if name == "properties" else reduce_schema(value)
        for name, value in part.items()
        if _NOT_COMPARED.match(name) is None
    }


def _reduce_names(properties: Schema) -> Schema:
    """The names in here are fields', whatever they are called."""
    return {name: reduce_schema(schema) for name, schema in properties.items()}


def _compare_paths(old: Schema, new: Schema) -> Iterator[Break]:
    for path, methods in old["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            where = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield Break(where, "it was removed")
                continue
            comparison = _Comparison(where, old, new)
            yield from comparison.compare_operation(methods[method], now)


def _compare_channels(old: Schema, new: Schema) -> Iterator[Break]:
    by_address = {each["address"]: each for each in new["channels"].values()}
    for name, channel in old["channels"].items():
        address = channel["address"]
        now = by_address.get(address)
        if now is None:
            yield Break(address, "it was removed")
            continue
        sent_by_server = _messages_of(old, name)
        for message, reference in channel["messages"].items():
            where = f"{address} {message}"
            if message not in now["messages"]:
                yield Break(where, "the message was removed")
                continue
            direction: Direction = "read" if message in sent_by_server else "sent"
            comparison = _Comparison(where, old, new)
            was, there_is = _find(old, reference), _find(new, now["messages"][message])
            yield from comparison.compare(was["payload"], there_is["payload"], direction)


def _messages_of(document: Schema, channel: str) -> set[str]:
    """Return the names of a channel's messages that the server sends."""
    return {
        reference["$ref"].rpartition("/")[2]
        for operation in document["operations"].values()
        if operation["channel"]["$ref"] == f"#/channels/{channel}"
        and operation["action"] == _TO_CLIENT
        for reference in operation["messages"]
    }


def _find(document: Schema, part: Schema) -> Schema:
    """Return what a `$ref` of the document leads to."""
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


class _Comparison:
    """Of one operation or message, in two documents."""

    def __init__(self, where: str, old: Schema, new: Schema) -> None:
        self._where = where
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str]] = set()

    def compare_operation(self, old: Schema, new: Schema) -> Iterator[Break]:
        if {} in old.get("security", [{}]) and {} not in new.get("security", [{}]):
            yield self._break("it needs a key now")
        yield from self._compare_parameters(old.get("parameters", []), new.get("parameters", []))
        was, now = old.get("requestBody", {}), new.get("requestBody", {})
        if now.get("required") and not was.get("required"):
            yield self._break("it needs a body now")
        yield from self._compare_contents(was, now, "sent", "the body")
        for status, answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in new["responses"]:
                yield self._break(f"it doesn't answer {status} any more")
                continue
            answers = _find(self._old, answer), _find(self._new, new["responses"][status])
            yield from self._compare_contents(*answers, "read", f"the answer {status}")

    def _compare_parameters(self, old: list[Schema], new: list[Schema]) -> Iterator[Break]:
        def by_name(parameters: list[Schema]) -> dict[tuple[str, str], Schema]:
            return {(each["in"], each["name"]): each for each in parameters}

        was, now = by_name(old), by_name(new)
        for key in was.keys() - now.keys():
            yield self._break(f"the parameter {key[1]} was removed")
        for key, parameter in now.items():
            is_new = not was.get(key, {}).get("required")
            if parameter.get("required") and is_new:
                yield self._break(f"the parameter {key[1]} is required now")
            if key in was:
                schemas = was[key].get("schema", {}), parameter.get("schema", {})
                yield from self.compare(*schemas, "sent", key[1])

    def _compare_contents(
        self, old: Schema, new: Schema, direction: Direction, name: str
    ) -> Iterator[Break]:
        for kind, part in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield self._break(f"{name} has no {kind} any more")
                continue
            now = new["content"][kind]
            yield from self.compare(part.get("schema", {}), now.get("schema", {}), direction)

    def compare(
        self, old: Schema, new: Schema, direction: Direction, path: str = ""
    ) -> Iterator[Break]:
        """Compare two schemas; `path`: of the field that they are of, in dots."""
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self._seen:
                return
            self._seen.add(pair)
        was, now = self._flatten(old, self._old), self._flatten(new, self._new)
        yield from self._compare_types(was, now, direction, path)
        yield from self._compare_fields(was, now, direction, path)
        if "items" in was and "items" in now:
            yield from self.compare(was["items"], now["items"], direction, f"{path}[]")
        extra = was.get("additionalProperties"), now.get("additionalProperties")
        if isinstance(extra[0], dict) and isinstance(extra[1], dict):
            yield from self.compare(extra[0], extra[1], direction, f"{path}.*")
        yield from self._compare_choices(was, now, direction, path)

    def _compare_types(
        self, old: Schema, new: Schema, direction: Direction, path: str
    ) -> Iterator[Break]:
        was, now = self._types_of(old, self._old), self._types_of(new, self._new)
        # What is sent must still be taken; what is read must be what it could be before.
        lost_types = (was - now) if direction == "sent" else (now - was)
        if was and now and lost_types:
            verb = "is not taken" if direction == "sent" else "may come"
            yield self._break(f"{path or 'it'}: {', '.join(sorted(lost_types))} {verb} now")
        lost = _values_of(old) - _values_of(new)
        if direction == "sent" and lost and _values_of(new):
            yield self._break(f"{path or 'it'}: {', '.join(sorted(lost))} is not taken any more")

    def _compare_fields(
        self, old: Schema, new: Schema, direction: Direction, path: str
    ) -> Iterator[Break]:
        was, now = old.get("properties", {}), new.get("properties", {})
        needed_before, needed = set(old.get("required", ())), set(new.get("required", ()))
        prefix = f"{path}." if path else ""
        for name in was:
            if name not in now:
                yield self._break(f"the field {prefix}{name} was removed")
                continue
            if direction == "read" and name in needed_before - needed:
                yield self._break(f"the field {prefix}{name} may be missing now")
            yield from self.compare(was[name], now[name], direction, f"{prefix}{name}")
        if direction == "sent" and was:
            for name in sorted(needed - needed_before):
                yield self._break(f"the field {prefix}{name} is required now")

    def _compare_choices(
        self, old: Schema, new: Schema, direction: Direction, path: str
    ) -> Iterator[Break]:
        """Compare the alternatives: those with a name by it, the others by their place."""
        was, now = _choices_of(old), _choices_of(new)
        for name in was.keys() & now.keys():
            yield from self.compare(was[name], now[name], direction, path)
        lost = (was.keys() - now.keys()) if direction == "sent" else (now.keys() - was.keys())
        named = sorted(name.rpartition("/")[2] for name in lost if name.startswith("#"))
        if was and now and named:
            verb = "is not taken any more" if direction == "sent" else "may come now"
            yield self._break(f"{path or 'it'}: {', '.join(named)} {verb}")

    def _flatten(self, schema: Schema, document: Schema) -> Schema:
        """Return a schema with what `$ref` and `allOf` bring in."""
        schema = _find(document, schema)
        if "allOf" not in schema:
            return schema
        merged = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            flat = self._flatten(part, document)
            merged = {
                **flat,
                **merged,
                "properties": {**flat.get("properties", {}), **merged.get("properties", {})},
                "required": [*flat.get("required", ()), *merged.get("required", ())],
            }
        return merged

    def _types_of(self, schema: Schema, document: Schema) -> set[str]:
        """Return the JSON types that a value may have; empty: any."""
        kind = schema.get("type")
        if kind is not None:
            kinds = set(kind) if isinstance(kind, list) else {str(kind)}
            return kinds | ({"integer"} if "number" in kinds else set())
        choices = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
        found = [self._types_of(self._flatten(each, document), document) for each in choices]
        return set().union(*found) if found and all(found) else set()

    def _break(self, what: str) -> Break:
        return Break(self._where, what)


def _choices_of(schema: Schema) -> dict[str, Schema]:
    choices = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return {each.get("$ref", str(place)): each for place, each in enumerate(choices)}


def _values_of(schema: Schema) -> set[str]:
    values: Iterable[Any] = schema.get("enum", [schema["const"]] if "const" in schema else ())
    return {str(value) for value in values}
