"""The answers as Python's TypedDicts."""

import keyword

from sdk.answers import Answer, Field, Kind

_HEAD = '''"""What the API answers. Generated from its OpenAPI document by `sdk.generate`."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import NotRequired, TypedDict
'''
_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "any": "Any",
}


def write(answers: list[Answer]) -> str:
    """Return the module's text."""
    names = ", ".join(f'"{answer.name}"' for answer in answers)
    aliases = [answer for answer in answers if not answer.fields]
    classes = [answer for answer in answers if answer.fields]
    parts = [_HEAD, f"__all__ = [{names}]", *map(_class, classes), *map(_alias, aliases)]
    return "\n\n\n".join(parts) + "\n"


def _class(answer: Answer) -> str:
    if any(keyword.iskeyword(field.name) for field in answer.fields):
        fields = ", ".join(f'"{field.name}": "{_annotation(field)}"' for field in answer.fields)
        return f'{answer.name} = TypedDict("{answer.name}", {{{fields}}})'
    lines = [f"class {answer.name}(TypedDict):"]
    if answer.description:
        lines.append(f"    {_docstring(answer.description)}\n")
    lines += [f"    {field.name}: {_annotation(field)}" for field in answer.fields]
    return "\n".join(lines)


def _annotation(field: Field) -> str:
    kind = kind_as_python(field.kind)
    return kind if field.is_required else f"NotRequired[{kind}]"


def _alias(answer: Answer) -> str:
    assert answer.kind is not None  # noqa: S101  # Answer: without fields it has one
    return f"{answer.name} = {kind_as_python(answer.kind)}"


def kind_as_python(kind: Kind) -> str:
    """Return a type's annotation."""
    parts = [kind_as_python(part) for part in kind.parts]
    if kind.name == "array":
        return f"list[{parts[0]}]"
    if kind.name == "map":
        return f"dict[str, {parts[0]}]"
    if kind.name == "union":
        return " | ".join(parts) if "Any" not in parts else "Any"
    if kind.name == "literal":
        return f"Literal[{', '.join(map(repr, kind.values))}]"
    return _PLAIN.get(kind.name, kind.name)


def _docstring(text: str) -> str:
    sentence = text.replace("\\", "").split(". ")[0].rstrip(".")
    return f'"""{sentence[:85].rstrip()}."""' if len(sentence) <= 85 else f'"""{sentence[:80]}…"""'
