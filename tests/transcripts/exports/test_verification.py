"""Masked files are searched again: what is masked is in none, and one that shows it is refused."""

import logging
from dataclasses import replace

import pytest

from tests.transcripts.exports.documents import document, segment
from transcripts.exports.document import Document
from transcripts.exports.options import ExportOptions
from transcripts.exports.redaction import KINDS, redact
from transcripts.exports.render import EXPORTS, export
from transcripts.exports.verification import READERS, RedactionFailedError, check_redacted
from transcripts.pii.kinds import PiiKind
from transcripts.pii.traces import Traces, fold
from transcripts.services.shown_gaps import ShownGap

SECRETS = ("4111", "novak", "Novák", "601 123", "gmail", "Prague Castle Road")


def make_document() -> Document:
    lines = [
        ("Hello, my name is Jan Novák and this is the card.", "Jan Novák"),
        ("It is 4111 1111", "Anna Malá"),
        ("1111 1111, and write to jan.novak@gmail.com.", "Anna Malá"),
        ("Mr Novák, call 601 123 456 or Novák at home, Jan.", "Jan Novák"),
    ]
    segments = [
        segment(4000 * n, 4000 * n + 3900, text, speaker=speaker, is_timed=True)
        for n, (text, speaker) in enumerate(lines)
    ]
    gap = ShownGap(("g1",), 16_000, 18_000, "low_confidence", "Jan Novák has 601 123 456")
    return document(*segments, title="Jan Novák: 4111 1111 1111 1111", gaps=(gap,))


def spoil(shown: Document, original: Document) -> Document:
    """Return the masked document with one original line in it, cut over two lines."""
    first, second, *rest = shown.segments
    leaked = original.segments[1:3]
    return replace(
        shown,
        segments=(
            replace(first, text=leaked[0].text, words=leaked[0].words),
            replace(second, text=leaked[1].text, words=leaked[1].words),
            *rest,
        ),
    )


@pytest.mark.parametrize("format_name", EXPORTS)
@pytest.mark.parametrize("options", [{}, {"timestamps": "column"}, {"paragraphs": False}])
def test_a_masked_file_is_handed_out(format_name: str, options: dict[str, object]) -> None:
    asked = ExportOptions(redact=KINDS, include_gaps=True, **options)  # type: ignore[arg-type]

    content = export(make_document(), format_name, asked)

    assert not any(secret.encode() in content for secret in SECRETS)


@pytest.mark.parametrize("timestamps", ["none", "inline", "column"])
@pytest.mark.parametrize("format_name", EXPORTS)
def test_a_file_that_shows_what_was_masked_is_refused(
    format_name: str, timestamps: str, caplog: pytest.LogCaptureFixture
) -> None:
    original = make_document()
    redacted = redact(original, kinds=KINDS)
    spoiled = spoil(redacted.document, original)
    options = ExportOptions(timestamps=timestamps)

    def render(made_of: Document) -> bytes:
        return EXPORTS[format_name].render(made_of, options)

    check_redacted(
        render(redacted.document), format_name, redacted.document, redacted.traces, render=render
    )
    with caplog.at_level(logging.ERROR), pytest.raises(RedactionFailedError) as failure:
        check_redacted(render(spoiled), format_name, spoiled, redacted.traces, render=render)

    assert failure.value.kinds == ("CARD", "EMAIL")
    assert "4111" not in f"{failure.value.message}{caplog.text}"
    assert "types=CARD,EMAIL" in caplog.text


@pytest.mark.parametrize("format_name", EXPORTS)
@pytest.mark.parametrize("place", ["title", "speakers", "words"])
def test_titles_names_and_words_are_searched_where_a_format_has_them(
    format_name: str, place: str
) -> None:
    original = make_document()
    redacted = redact(original, kinds=KINDS)
    spoiled = {
        "title": replace(redacted.document, title=original.title),
        "speakers": replace(
            redacted.document,
            speakers=original.speakers,
            segments=tuple(
                replace(each, speaker_name=name.speaker_name)
                for each, name in zip(redacted.document.segments, original.segments, strict=True)
            ),
        ),
        "words": replace(
            redacted.document,
            segments=tuple(
                replace(each, words=whole.words)
                for each, whole in zip(redacted.document.segments, original.segments, strict=True)
            ),
        ),
    }[place]
    has_it = {
        "title": ("docx", "pdf", "json"),
        "speakers": tuple(EXPORTS),
        "words": ("srt", "vtt", "json"),
    }[place]

    def render(made_of: Document) -> bytes:
        return EXPORTS[format_name].render(made_of, ExportOptions())

    if format_name not in has_it:
        check_redacted(render(spoiled), format_name, spoiled, redacted.traces, render=render)
        return
    with pytest.raises(RedactionFailedError):
        check_redacted(render(spoiled), format_name, spoiled, redacted.traces, render=render)


def test_there_is_a_reader_for_each_export() -> None:
    assert set(EXPORTS) <= set(READERS)


def test_a_name_that_a_format_itself_writes_is_no_leak() -> None:
    """The facts of a document name its language."""
    made = document(segment(0, 2000, "Mr English is here."), title="Talk")

    assert b"English" not in export(made, "txt", ExportOptions(redact=KINDS, notice=False))
    assert export(made, "docx", ExportOptions(redact=KINDS))
    assert export(made, "pdf", ExportOptions(redact=KINDS))


@pytest.mark.parametrize(
    "shown",
    [
        "4111-1111-1111-1111",
        "4111 1111\n1111 1111",
        "4111 1111 1111\u00ad11\u200b11",
        "４１１１ 1111 1111 1111",
    ],
)
def test_neither_hyphens_nor_lines_nor_wide_digits_hide_a_number(shown: str) -> None:
    traces = Traces()
    traces.add(PiiKind.CARD, "4111 1111 1111 1111")

    assert sum(traces.count(f"It is {shown}, yes.").values()) == 1
    assert traces.count(f"It is 9{shown}.") == {}


@pytest.mark.parametrize("shown", ["Nová-\nková", "Nova\u0301kova\u0301", "Nováková"])
def test_neither_a_hyphen_nor_decomposed_accents_hide_a_name(shown: str) -> None:
    traces = Traces()
    traces.add(PiiKind.PERSON, "Jana Nováková")

    assert sum(traces.count(f"Tak {shown} přijde.").values()) == 1
    assert traces.count("Janatá nová kovárna") == {}


def test_a_name_is_not_found_in_words_of_small_letters() -> None:
    traces = Traces(common_words=["will"])
    traces.add(PiiKind.PERSON, "Rose Will")

    assert traces.find("a rose will grow. Will it? It will.") == []
    assert [(item.start, item.end) for item in traces.find("Rose said")] == [(0, 4)]


def test_places_are_of_the_text_itself() -> None:
    folded = fold("ﬁn Á-b")

    assert folded.cased == "finAb"
    assert [folded.places[start] for start in folded.starts] == [0, 3, 5]
