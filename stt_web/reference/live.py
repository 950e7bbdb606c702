"""The messages of `WS /v1/stream`, read from `asyncapi.yaml`. Pure, but for the file."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.utils.safestring import SafeString

from stt_web.reference.values import SchemaField, list_fields, make_example, mark_up, resolve

FILE = Path(__file__).with_name("asyncapi.yaml")


@dataclass(frozen=True)
class LiveMessage:
    name: str
    text: SafeString
    fields: list[SchemaField]
    example: str
    is_sent_by_client: bool

    @property
    def id(self) -> str:
        return f"live-{'send' if self.is_sent_by_client else 'receive'}-{self.name}"


@lru_cache(maxsize=1)
def read_asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return document


def list_messages() -> list[LiveMessage]:
    """Return what a client sends, then what the server sends, in the document's order."""
    operations = read_asyncapi()["operations"]
    return [
        _make_message(reference["$ref"].rpartition("/")[2], is_sent_by_client=is_sent)
        for operation, is_sent in (("receiveMessages", True), ("sendMessages", False))
        for reference in operations[operation]["messages"]
    ]


def _make_message(name: str, *, is_sent_by_client: bool) -> LiveMessage:
    components = read_asyncapi()["components"]
    message, schemas = components["messages"][name], components["schemas"]
    payload = resolve(message["payload"], schemas)
    example = ""
    if "properties" in payload:
        example = json.dumps(make_example(payload, schemas), ensure_ascii=False)
    return LiveMessage(
        name=name,
        text=mark_up(message.get("summary", "")),
        fields=list(list_fields(payload, schemas)),
        example=example,
        is_sent_by_client=is_sent_by_client,
    )
