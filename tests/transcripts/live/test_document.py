"""asyncapi.yaml and the code that answers: the same fields, the same bounds."""

from typing import Any, cast

from tests.transcripts.live.talk import load_document
from transcripts.live.audio_format import MAX_RATE_HZ, MIN_RATE_HZ, RATE_HZ, Encoding
from transcripts.live.protocol import MAX_AUDIO_BYTES, ClientAction
from transcripts.options import (
    LONGEST_ENDPOINTING_MS,
    SHORTEST_ENDPOINTING_MS,
    TranscriptionOptions,
    live_options,
)

# What configures the session, and is no option of a transcription.
OF_THE_SESSION = {
    *("encoding", "sample_rate", "second_pass", "title", "resume_token", "last_received"),
    "endpointing_ms",
}


def payload_of(message: str) -> dict[str, Any]:
    return cast("dict[str, Any]", load_document()["components"]["messages"][message]["payload"])


def test_the_configuration_has_the_options_of_live_sessions() -> None:
    properties = payload_of("config")["properties"]
    options: dict[str, Any] = {
        name: declared.kind for name, declared in live_options(TranscriptionOptions).items()
    }
    assert set(properties) == set(options) | OF_THE_SESSION
    aligners = load_document()["components"]["schemas"]["aligner"]["enum"]
    assert set(aligners) - {"", None} == set(options["aligner"].choices)
    assert properties["prompt"]["maxLength"] == options["prompt"].most_characters
    for name in ("languages", "hot_words"):
        assert properties[name]["oneOf"][0]["maxItems"] == options[name].most
    rate = properties["sample_rate"]
    assert (rate["minimum"], rate["maximum"]) == (MIN_RATE_HZ, MAX_RATE_HZ)
    assert rate["default"] == RATE_HZ
    assert all(encoding.value in properties["encoding"]["description"] for encoding in Encoding)


def test_bounds_and_actions_are_those_that_count() -> None:
    endpointing = load_document()["components"]["schemas"]["endpointing"]
    assert endpointing["minimum"] == SHORTEST_ENDPOINTING_MS
    assert endpointing["maximum"] == LONGEST_ENDPOINTING_MS
    assert payload_of("audio")["maxLength"] == MAX_AUDIO_BYTES
    actions = payload_of("action")["properties"]["action"]["enum"]
    assert set(actions) == {action.value for action in ClientAction}
