"""A served API, whose language service has both embedders and a translator, and no language model;
and transcripts to be worked on.
"""

from collections.abc import Iterator

import pytest

from protos.stt.v1 import server_pb2
from tests.transcripts import rows
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.fake_language import EMBEDDER, WRITER, FakeLanguage
from tests.transcripts.intelligence.texts import MEETING
from tests.transcripts.served_api import Client
from transcripts.inference import routing
from transcripts.models import Segment, Speaker, Status, Transcript

SEGMENT_MS = 5_000


@pytest.fixture
def language(inference: FakeInference) -> Iterator[FakeLanguage]:
    inference.language.reset()
    yield inference.language
    inference.language.reset()
    del inference.info.text_models[:]
    discard_catalogs()


@pytest.fixture
def meeting(client: Client, language: FakeLanguage) -> Transcript:
    """A finished transcript of `MEETING`, a segment a line, 5 s each."""
    return create_meeting(client)


def create_meeting(client: Client, text: str = MEETING, *, language: str = "en") -> Transcript:
    transcript = rows.create_transcript(
        owner=client.user, status=Status.COMPLETED, title="The meeting", language=language
    )
    speakers: dict[str, Speaker] = {}
    for place, line in enumerate(text.strip().splitlines()):
        name, _, spoken = line.partition(": ")
        if name not in speakers:
            number = len(speakers) + 1
            speakers[name] = Speaker.objects.create(
                transcript=transcript,
                position=number,
                label=f"Speaker {number}",
                display_name=name,
            )
        Segment.objects.create(
            transcript=transcript,
            position=place + 1,
            start_ms=place * SEGMENT_MS,
            end_ms=(place + 1) * SEGMENT_MS,
            text=spoken,
            speaker=speakers[name],
        )
    return transcript


def install_writer(inference: FakeInference, *, size_bytes: int = 1_000_000_000) -> None:
    inference.language.models.add(WRITER)
    inference.info.text_models.append(
        server_pb2.TextModel(
            id=WRITER,
            kind="language_model",
            engine="llama.cpp",
            available=True,
            size_bytes=size_bytes,
            is_default=True,
            context_tokens=4096,
        )
    )
    discard_catalogs()


def list_embedder(
    inference: FakeInference, name: str = EMBEDDER, *, is_default: bool = False
) -> None:
    """Have the server list the embedder, as the default one if none is yet or `is_default`."""
    models = inference.info.text_models
    is_default = is_default or not any(each.is_default for each in models)
    if is_default:
        for each in models:
            each.is_default = False
    models.append(
        server_pb2.TextModel(
            id=name,
            kind="embedder",
            engine="ctranslate2",
            available=True,
            is_default=is_default,
            revision=inference.language.weights,
        )
    )
    discard_catalogs()


def discard_catalogs() -> None:
    """Have the server asked again for what it has: it is remembered for seconds."""
    routing._catalogs = type(routing._catalogs)()


__all__ = ["language", "meeting"]
