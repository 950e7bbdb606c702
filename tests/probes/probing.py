"""What a hostile request may be answered with, and the loop that asks.

About one probe in forty runs each time, of headers one in two hundred, always the
same; STT_PROBES=all runs all.
"""

import json
from collections.abc import Callable, Iterable

from tests.probes.operations import Answer, Operation, Owner, api_operations, make_owner

WITH_BODY = ("POST", "PUT", "PATCH")
# What is away in tests: the inference service. Reported with a code, and not with a traceback.
AWAY = 503
# Where a refusal has its sentence: ours, and the dialects' (`transcripts.dialects.ERROR_SHAPES`).
SENTENCES = ("error", "message", "detail")
Wrong = dict[str, str]
Try = Callable[[Owner, Operation], Wrong]


def with_methods(*methods: str) -> list[Operation]:
    return [operation for operation in api_operations() if operation.method in methods]


def only_wrong(answers: Wrong) -> Wrong:
    return {what: problem for what, problem in answers.items() if problem}


def problem(answer: Answer, *, is_api: bool) -> str:
    """Return what is wrong with an answer to a hostile request; empty: nothing."""
    if answer.status >= 500 and answer.status != AWAY:
        return str(answer.status)
    if answer.status < 400 or not is_api:
        return ""
    body = json.loads(answer.content)
    refusal = body["error"] if isinstance(body.get("error"), dict) else body
    sentence = next((refusal[name] for name in SENTENCES if name in refusal), None)
    code = refusal.get("code")
    is_sentence = isinstance(sentence, str) and sentence[-1:] in ".?!)"
    return "" if is_sentence and code else f"{answer.status} {body}"


def probe(url: str, operations: Iterable[Operation], try_all: Try) -> str:
    """Return what is wrong, a line each; each operation has an owner of its own."""
    return "\n".join(
        f"{operation} {what}: {wrong}"
        for operation in operations
        for what, wrong in try_all(make_owner(url), operation).items()
    )
