"""The answers as TypeScript's interfaces."""

import json

from sdk.answers import Answer, Kind

_HEAD = (
    "// What the API answers. Generated from its OpenAPI document by `python -m sdk.generate`.\n"
)
_PLAIN = {"integer": "number", "any": "unknown"}


def write(answers: list[Answer]) -> str:
    """Return the module's text."""
    return _HEAD + "".join(map(_interface, answers))


def _interface(answer: Answer) -> str:
    if answer.kind is not None:
        return f"\nexport type {answer.name} = {kind_as_typescript(answer.kind)};\n"
    lines = [f"\nexport interface {answer.name} {{\n"]
    for field in answer.fields:
        if field.description:
            lines.append(f"  /** {field.description.replace('*/', '* /')} */\n")
        mark = "" if field.is_required else "?"
        lines.append(f"  {field.name}{mark}: {kind_as_typescript(field.kind)};\n")
    return "".join([*lines, "}\n"])


def kind_as_typescript(kind: Kind) -> str:
    """Return a type's annotation."""
    parts = [kind_as_typescript(part) for part in kind.parts]
    if kind.name == "array":
        return f"Array<{parts[0]}>"
    if kind.name == "map":
        return f"Record<string, {parts[0]}>"
    if kind.name == "union":
        return " | ".join(parts)
    if kind.name == "literal":
        return " | ".join(map(json.dumps, kind.values))
    return _PLAIN.get(kind.name, kind.name)
