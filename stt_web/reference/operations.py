"""The operations of the OpenAPI document, in groups, as the page shows them. Pure functions."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from stt_web.reference.values import (
    FILE_EXAMPLE,
    Schema,
    SchemaField,
    list_fields,
    make_example,
    mark_up,
    resolve,
)

KEY = "YOUR_API_KEY"
_METHODS = ("get", "post", "put", "patch", "delete")
# A group takes the operations whose path it matches, the first group that does; in this order.
_GROUPS: tuple[tuple[str, str | Promise, str], ...] = (
    ("transcription", _("Transcription"), r"/v1/(transcribe|models|languages|formats)$"),
    ("editing", _("Editing"), r".*/(segments|revisions|speakers|gaps|comments|replace|risks)/.*"),
    ("voices", _("Speakers and voices"), r".*/(diarize|embeddings|speaker-suggestions|voices)/.*"),
    ("exports", _("Exports and media"), r".*/transcripts/.*(export|audio|redacted-audio|peaks)/.*"),
    (
        "summaries",
        _("Summaries, translation, and questions"),
        r"/v1/(summarize|analyze|generate|translate|embed).*|.*/(chat|results|summarize|analyze"
        r"|generate|translate|templates|processing|text-jobs)/.*",
    ),
    ("sharing", _("Sharing"), r".*/shares/.*"),
    ("transcripts", _("Transcripts and jobs"), r".*/(transcripts|uploads)/.*"),
    ("webhooks", _("Webhooks"), r".*/webhooks/.*"),
    ("account", _("Account and billing"), r"/api/v1/.*"),
    ("server", _("Server"), r"/.*"),
)
_SHOWN_FIRST = "/v1/transcribe"
_COMMON_SHARE = 0.4  # an error that so many operations have is described once


@dataclass(frozen=True)
class DocumentedError:
    status: str
    code: str
    text: SafeString


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    text: SafeString
    access: str | Promise
    parameters: list[SchemaField]
    body: list[SchemaField]
    body_type: str
    answer: list[SchemaField]
    answer_status: str
    answer_types: list[str]
    refusals: list[DocumentedError]
    request_example: str
    answer_example: str

    @property
    def is_triable(self) -> bool:
        """Whether the page can send it as it stands: it reads JSON, and needs its path only."""
        needs_more = (
            row.is_required and f"{{{row.name}}}" not in self.path for row in self.parameters
        )
        return (
            self.method == "GET" and "application/json" in self.answer_types and not any(needs_more)
        )

    @property
    def search_text(self) -> str:
        names = (row.name for row in (*self.parameters, *self.body))
        return " ".join((self.summary, self.method, self.path, self.id, *names)).lower()


@dataclass(frozen=True)
class Group:
    slug: str
    title: str | Promise
    operations: list[Operation] = field(default_factory=list)


def group_operations(
    document: Schema, *, base_url: str
) -> tuple[list[Group], list[DocumentedError]]:
    """Return the groups that have operations, and the errors that are common to most of them.

    `base_url`: what the examples call the server, without a slash at its end.
    """
    schemas: Schema = document.get("components", {}).get("schemas", {})
    common = _find_common(document)
    groups = {slug: Group(slug, title) for slug, title, _pattern in _GROUPS}
    for path, method, raw in _list_raw(document):
        made = _make_operation(path, method, raw, schemas=schemas, base_url=base_url, common=common)
        groups[_group_of(path)].operations.append(made)
    for group in groups.values():
        group.operations.sort(key=lambda made: made.path != _SHOWN_FIRST)  # stable
    shown = sorted(common.values(), key=lambda refusal: (refusal.status, refusal.code))
    return [group for group in groups.values() if group.operations], shown


def _list_raw(document: Schema) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, method, methods[method]


def _group_of(path: str) -> str:
    return next(slug for slug, _title, pattern in _GROUPS if re.fullmatch(pattern, path))


def _make_operation(
    path: str,
    method: str,
    raw: dict[str, Any],
    *,
    schemas: Schema,
    base_url: str,
    common: dict[tuple[str, str], DocumentedError],
) -> Operation:
    body_type, body = _read_body(raw)
    status, answers = _read_answer(raw)
    answer = answers.get("application/json", {}).get("schema", {})
    return Operation(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw.get("summary", ""),
        text=mark_up(raw.get("description", "")),
        access=_name_access(raw),
        parameters=[_parameter_field(parameter) for parameter in raw.get("parameters", ())],
        body=list(list_fields(body, schemas)),
        body_type=body_type,
        answer=list(list_fields(answer, schemas)),
        answer_status=status,
        answer_types=sorted(answers),
        refusals=[each for each in _list_refusals(raw) if (each.status, each.code) not in common],
        request_example=_write_curl(path, method, raw, body_type, body, schemas, base_url),
        answer_example=_write_json(make_example(answer, schemas)) if answer else "",
    )


def _read_body(raw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    content = raw.get("requestBody", {}).get("content", {})
    for kind, part in content.items():
        return kind, part.get("schema", {})
    return "", {}


def _read_answer(raw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the status of what goes well, and its content by media type."""
    for status in sorted(raw.get("responses", {})):
        if status.startswith("2"):
            return status, raw["responses"][status].get("content", {})
    return "", {}


def _name_access(raw: dict[str, Any]) -> str | Promise:
    security = raw.get("security", [])
    if not security or security == [{}]:
        return _("Open to everyone")
    return _("API key optional") if {} in security else _("API key")


def _parameter_field(parameter: dict[str, Any]) -> SchemaField:
    [row] = list_fields(
        {
            "properties": {
                parameter["name"]: {
                    **parameter.get("schema", {}),
                    "description": parameter.get("description", ""),
                }
            },
            "required": [parameter["name"]] if parameter.get("required") else [],
        },
        {},
    )
    return SchemaField(row.name, f"{row.kind}, {parameter['in']}", row.is_required, row.text)


def _list_refusals(raw: dict[str, Any]) -> Iterator[DocumentedError]:
    """Yield what `openapi._refusal` wrote into the description of an error, line by line."""
    for status, answer in sorted(raw.get("responses", {}).items()):
        for line in answer.get("description", "").splitlines():
            found = re.match(r"- `([a-z_0-9]+)`: (.*)", line)
            if found and not status.startswith("2"):
                yield DocumentedError(status, found[1], mark_up(found[2]))


def _find_common(document: Schema) -> dict[tuple[str, str], DocumentedError]:
    """Return the errors that `_COMMON_SHARE` of all operations have, with their usual sentence."""
    raws = [raw for _path, _method, raw in _list_raw(document)]
    all_of = [each for raw in raws for each in _list_refusals(raw)]
    counts = Counter((each.status, each.code) for each in all_of)
    sentences = Counter((each.status, each.code, each.text) for each in all_of)
    usual: dict[tuple[str, str], DocumentedError] = {}
    for (status, code, text), _count in sentences.most_common():
        if counts[status, code] >= _COMMON_SHARE * len(raws):
            usual.setdefault((status, code), DocumentedError(status, code, text))
    return usual


def _write_curl(
    path: str,
    method: str,
    raw: dict[str, Any],
    body_type: str,
    body: dict[str, Any],
    schemas: Schema,
    base_url: str,
) -> str:
    address = base_url + re.sub(r"{(\w+)}", lambda found: found[1].upper(), path)
    needed = [p for p in raw.get("parameters", ()) if p["in"] == "query" and p.get("required")]
    if needed:
        address += "?" + "&".join(
            f"{p['name']}={make_example(p.get('schema', {}), schemas, name=p['name'])}"
            for p in needed
        )
    lines = [f"curl {address!r}" if needed else f"curl {address}"]
    if method not in ("get", "post") or (method == "post" and not body_type):
        lines[0] = lines[0].replace("curl ", f"curl -X {method.upper()} ", 1)
    if any(scheme for scheme in raw.get("security", ())):
        lines.append(f'-H "Authorization: Bearer {KEY}"')
    lines += [
        f'-H "{p["name"]}: {make_example(p.get("schema", {}), schemas, name=p["name"])}"'
        for p in raw.get("parameters", ())
        if p["in"] == "header" and p.get("required")
    ]
    lines += _write_body(body_type, body, schemas)
    return " \\\n  ".join(lines)


def _write_body(body_type: str, body: dict[str, Any], schemas: Schema) -> list[str]:
    """Return curl's arguments: the fields that are required, or else the first one; or a file."""
    if not body_type:
        return []
    if resolve(body, schemas).get("format") == "binary":
        return [f'-H "Content-Type: {body_type}"', "--data-binary @meeting.mp3"]
    rows = [row for row in list_fields(body, schemas) if row.depth == 0]
    chosen = {row.name for row in rows if row.is_required} or {row.name for row in rows[:1]}
    whole = make_example(body, schemas)
    values = {name: value for name, value in dict(whole or {}).items() if name in chosen}
    if body_type == "multipart/form-data":
        return [_write_field(name, value) for name, value in values.items()]
    sent = json.dumps(values, ensure_ascii=False).replace("'", "’")
    return ['-H "Content-Type: application/json"', f"-d '{sent}'"]


def _write_field(name: str, value: Any) -> str:
    if name == "file" or value == FILE_EXAMPLE:
        return f"-F {name}=@meeting.mp3"
    field = f"{name}={value}".replace("'", "’")
    return f"-F '{field}'" if re.search(r"[\s\"\\$&;()]", field) else f"-F {field}"


def _write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
