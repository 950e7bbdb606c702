"""What is ignored changes nothing, and a session shows what it heeds only."""

from transcripts.dialects.fidelity import Fate
from transcripts.dialects.realtime.config import SessionConfig
from transcripts.dialects.realtime.fields import SESSION_FIELDS


def test_what_is_ignored_changes_nothing() -> None:
    turns = {
        "type": "server_vad",
        "threshold": 0.9,
        "idle_timeout_ms": 5,
    }
    sound = {"turn_detection": turns, "transcription": {"delay": "low"}, "noise_reduction": {}}

    changed = SessionConfig().update({"audio": {"input": sound}}, is_open=False)

    assert changed == SessionConfig()
    sound["turn_detection"] = turns | {"silence_duration_ms": 500}
    changed = changed.update({"audio": {"input": sound}}, is_open=False)
    shown = str(changed.as_json("sess_1"))
    for name, field in SESSION_FIELDS.items():
        last = name.rpartition(".")[2]
        assert (
            (last in shown) == (field.fate is Fate.HONOURED)
            or last == "noise_reduction"
            or (last in ("model", "language", "languages", "prompt", "keywords"))
        )


def test_the_silence_that_ends_an_item_is_honoured_within_a_range() -> None:
    def asked(turns: object, *, known: SessionConfig | None = None) -> SessionConfig:
        sound = {"turn_detection": turns}
        is_open = known is not None
        return (known or SessionConfig()).update({"audio": {"input": sound}}, is_open=is_open)

    for sent_ms, effective_ms in ((500, 500), (0, 300), (350.4, 350), (60_000, 5000), (None, 0)):
        config = asked({"type": "server_vad", "silence_duration_ms": sent_ms})
        assert config.options.endpointing_ms == effective_ms
    assert asked({"type": "semantic_vad", "silence_duration_ms": 500}).options.endpointing_ms == 0
    chosen = asked({"silence_duration_ms": 500})
    turns = chosen.as_json("sess_1")["audio"]["input"]["turn_detection"]
    assert turns == {"type": "server_vad", "silence_duration_ms": 500}
    later = asked({"silence_duration_ms": 900}, known=chosen)
    assert later.options.endpointing_ms == 500
    named = chosen.update(
        {"audio": {"input": {"transcription": {"language": "cs"}}}}, is_open=False
    )
    assert named.options.endpointing_ms == 500


def test_one_language_is_a_language_and_several_are_a_choice() -> None:
    def asked(**transcription: object) -> SessionConfig:
        sound = {"transcription": transcription}
        return SessionConfig().update({"audio": {"input": sound}}, is_open=False)

    assert asked(languages=["cs"]).options.language == "cs"
    assert asked(languages=["cs", "en"]).options.languages == ("cs", "en")
    assert asked(language="Czech").options.language == "cs"
    again = asked(language="cs").update(
        {"audio": {"input": {"transcription": {"languages": ["de", "en"]}}}}, is_open=False
    )
    assert (again.options.language, again.options.languages) == ("", ("de", "en"))
