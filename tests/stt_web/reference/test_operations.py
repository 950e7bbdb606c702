"""Every operation of the API stands in the documentation, with a summary and an example."""

import shlex
from typing import Any

import pytest

from stt_web.openapi import build_document
from stt_web.reference.live import list_messages, read_asyncapi
from stt_web.reference.operations import Group, Operation, group_operations

BASE = "https://example.com"
LONGEST_SUMMARY = 110


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    return group_operations(build_document(), base_url=BASE)[0]


@pytest.fixture(scope="module")
def operations(groups: list[Group]) -> list[Operation]:
    return [operation for group in groups for operation in group.operations]


def described() -> list[dict[str, Any]]:
    return [
        operation
        for methods in build_document()["paths"].values()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def test_each_operation_stands_in_one_group(operations: list[Operation]) -> None:
    named = sorted(operation["operationId"] for operation in described())

    assert sorted(operation.id for operation in operations) == named
    assert len(set(named)) == len(named)


def test_transcribing_comes_first(groups: list[Group]) -> None:
    assert groups[0].operations[0].id == "transcribe"


def test_each_operation_has_a_summary_of_one_line() -> None:
    summaries = {operation["operationId"]: operation["summary"] for operation in described()}

    assert [name for name, summary in summaries.items() if not summary] == []
    long = {name: text for name, text in summaries.items() if len(text) > LONGEST_SUMMARY}
    assert long == {}
    assert [text for text in summaries.values() if "\n" in text or text.endswith(".")] == []


def test_each_operation_has_an_example_that_calls_it(operations: list[Operation]) -> None:
    for operation in operations:
        assert operation.request_example.startswith("curl "), operation.id
        assert BASE + operation.path.partition("{")[0] in operation.request_example
        # A shell takes it as it stands: no value falls apart, and a file is sent as one.
        words = shlex.split(operation.request_example.replace("\\\n", ""))
        options = [word for word in words[1:] if word.startswith("-")]
        assert len(words) == 2 + 2 * len(options), operation.request_example
        assert "(the file)" not in operation.request_example
        if "application/json" in operation.answer_types:
            assert operation.answer_example, operation.id


def test_an_operation_lists_only_the_errors_that_are_special_to_it(
    operations: list[Operation],
) -> None:
    _groups, common = group_operations(build_document(), base_url=BASE)
    transcribe = next(operation for operation in operations if operation.id == "transcribe")

    assert {"invalid_key", "rate_limited"} <= {refusal.code for refusal in common}
    own = {refusal.code for refusal in transcribe.refusals}
    assert "no_audio_track" in own
    assert "invalid_key" not in own


def test_the_messages_are_those_of_asyncapi_yaml() -> None:
    messages = list_messages()

    assert {message.name for message in messages} == set(read_asyncapi()["components"]["messages"])
    final = next(message for message in messages if message.name == "final")
    assert {"text", "start", "words"} <= {row.name for row in final.fields}
    assert '"text"' in final.example
