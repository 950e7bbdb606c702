"""Identifiers are made of the field's words: the retired ones come back nowhere.

An identifier is split at `_` and at capitals: `_SpanSettled` has the parts span and settled.
Comments and docstrings have a budget for the words of everyday speech, and
a class name means one thing.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVICE = ("inference_service/", "tests/inference_service/")
WEB_ROOTS = ("accounts", "billing", "stt_web", "transcripts")
ROOTS = ("inference_service", "tests", "benchmarks", *WEB_ROOTS)

# The retired word → what stands for it now.
RETIRED = {
    **dict.fromkeys(("tell", "tells", "told", "telling", "untold"), "deliver, report"),
    **dict.fromkeys(("say", "says", "said"), "report, return"),
    **dict.fromkeys(("hear", "hears", "heard", "unheard", "hearing", "ears"), "recognise, receive"),
    **dict.fromkeys(("keep", "keeps", "kept", "forget"), "store, retain, commit; discard"),
    **dict.fromkeys(("settle", "settles", "settled"), "finalize, decide"),
    **dict.fromkeys(("gone", "nobody", "somebody", "whoever", "whatever"), "a plain noun"),
    **dict.fromkeys(("anew", "meanwhile"), "again, concurrently"),
    **dict.fromkeys(("look", "looks", "looked"), "check, fetch"),
    **dict.fromkeys(("lane", "lanes"), "queue"),
    **dict.fromkeys(("house", "belongings", "visitor", "departure", "farewell"), "in flight, user"),
    **dict.fromkeys(("stretch", "stretches"), "utterance, interval"),
    **dict.fromkeys(("piece", "pieces"), "chunk"),
    **dict.fromkeys(("span", "spans"), "window, interval"),
    **dict.fromkeys(("spell", "spelled", "respell", "unindent"), "join_words, normalize"),
    **dict.fromkeys(("doubtful", "believe", "believed"), "uncertain, accepted"),
    **dict.fromkeys(("restore", "restored"), "map"),
    **dict.fromkeys(("wish", "wishes"), "request, options"),
    **dict.fromkeys(
        ("scribe", "outbox", "guessing", "hopeless", "plausible"), "result_writer, queue"
    ),
    "slot": "permit",
}
# Right in the web tier and in tests: restoring a revision, an outbox, a slot of a limit.
ALLOWED_IN_WEB = {"restore", "restored", "outbox", "slot"}
# Identifiers that are right, and the only files (or folders) in which they are.
EXCEPTIONS = {
    "forget": ("inference_service/engines/diarization/segmentation_graph.py",),  # an LSTM's gate
    "tell": ("transcripts/media/parts.py", "tests/e2e/processes.py"),  # of Python's file protocol
    "GONE": ("transcripts/webhooks/models.py", "transcripts/webhooks/delivery.py"),  # HTTP 410
    "KEEP_ALIVE": (
        "transcripts/live/",
        "transcripts/dialects/",
    ),  # the protocol's action `keepalive`
    "keep_alive": ("transcripts/live/", "transcripts/dialects/"),
    "send_keep_alive": ("tests/contract/clients/deepgram_7.py",),  # of deepgram-sdk
    "_KEEP_ALIVE_S": ("transcripts/jobs/api/events.py",),  # of server-sent events
    "span_tokenize": ("inference_service/torch_engines/wav2vec2.py",),  # of NLTK
    "SentencePieceTrainer": ("tests/torch_engines/make_models.py",),  # of sentencepiece
    "keep_blank_values": (  # of urllib
        "tests/billing/stripe_server.py",
        "transcripts/dialects/vendor_socket.py",
    ),
    "settle_hold": ("tests/accounts/pages/people.py", "transcripts/enhancement/run.py"),
    "settled_allowance_minutes__gt": ("tests/transcripts/test_verbs_in_pairs.py",),
}
# Settling a hold is the word for money.
MONEY = (
    "billing/",
    "transcripts/jobs/stages/finalize.py",
    "transcripts/voices/finish.py",
    "tests/billing/",
)
# A span is OpenTelemetry's word for a part of a trace.
TRACES = (
    "inference_service/tracing.py",
    "inference_service/interceptors.py",
    "inference_service/batches.py",
    "inference_service/session_queue.py",
    "inference_service/scheduler.py",
    "stt_web/celery.py",
    "stt_web/core/tracing.py",
    "stt_web/core/asgi/request_log.py",
    "transcripts/jobs/run.py",
    "tests/e2e/otlp_receiver.py",
    "tests/e2e/test_observability.py",
    "tests/stt_web/core/test_tracing.py",
)
# Everyday words for which the field has its own: at most so many in 1,000 lines of code.
DIALECT = re.compile(
    r"\b(tells?|told|hears?|heard|sa(?:y|ys|id)|gone|nobody|somebody|whoever|whatever|anew|meanwhile)\b",
    re.IGNORECASE,
)
MOST_DIALECT = 2.0
# One name for two classes: only of twins, each the other tier's side of one thing.
TWINS = {
    "ClientDisconnectedError": "an upload's client, a socket's client",
    "Device": "what the service runs on; as the web tier reads it",
    "Gap": "as found; as stored",
    "GapReason": "as found; as stored",
    "LanguageDetected": "the service's event; as the web tier reads it",
    "RequestIdFilter": "the same filter, in each tier's logs",
    "Segment": "the row; the value that the web tier passes on",
    "SpeakerTurn": "as found; as the web tier reads it",
    "WeightsFault": "as found; as the web tier reads it",
}


def parts_of(identifier: str) -> list[str]:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)
    return [word.lower() for word in words]


def identifiers_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.alias):
            yield node.asname or ""


def is_allowed(name: str, where: str) -> bool:
    parts = RETIRED.keys() & parts_of(name)
    if not where.startswith(SERVICE):
        parts -= ALLOWED_IN_WEB
    if where.startswith(MONEY):
        parts -= {"settle", "settled"}
    if where.startswith(TRACES):
        parts -= {"span", "spans"}
    return not parts or where.startswith(EXCEPTIONS.get(name, ("-",)))


def retired_in(path: Path) -> set[str]:
    found = set(identifiers_in(path.read_text(encoding="utf-8"))) | {path.stem}
    where = path.relative_to(ROOT).as_posix()
    return {name for name in found if not is_allowed(name, where)}


def sources(root: str) -> list[Path]:
    files = (ROOT / root).rglob("*.py")
    return sorted(file for file in files if not {"migrations", "recipe"} & set(file.parts))


def prose_of(source: str) -> Iterator[str]:
    """Yield the comments and the docstrings."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and (text := ast.get_docstring(node, clean=False)):
            yield text


@pytest.mark.parametrize("root", ROOTS)
def test_no_identifier_has_a_retired_part(root: str) -> None:
    files = sources(root)
    assert files
    found = {str(file.relative_to(ROOT)): retired_in(file) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


def test_a_retired_part_is_found_in_every_kind_of_identifier() -> None:
    source = (
        "class AllHeard:\n    told_ms = 0\ndef f(lane, *, is_kept=1):\n    lane.settle(span=1)\n"
    )
    found = {name for name in identifiers_in(source) if RETIRED.keys() & parts_of(name)}
    assert found == {"AllHeard", "told_ms", "lane", "is_kept", "settle", "span"}


def test_words_that_only_contain_a_retired_one_are_allowed() -> None:
    assert parts_of("housekeeping_Unspanned2") == ["housekeeping", "unspanned"]
    assert parts_of("_HTTPServer_maxMS") == ["http", "server", "max", "ms"]


@pytest.mark.parametrize("root", ROOTS)
def test_comments_are_written_in_the_words_of_the_field(root: str) -> None:
    texts = [file.read_text(encoding="utf-8") for file in sources(root)]
    lines = sum(1 for text in texts for line in text.splitlines() if line.strip())
    words = sum(len(DIALECT.findall(prose)) for text in texts for prose in prose_of(text))
    assert words / lines * 1000 <= MOST_DIALECT


def test_a_class_name_means_one_thing() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for file in [file for root in ("inference_service", *WEB_ROOTS) for file in sources(root)]:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(file.relative_to(ROOT)))
    del places["Command"]  # Django's name for a management command
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert {name: files for name, files in twice.items() if name not in TWINS} == {}
    assert TWINS.keys() <= twice.keys()
