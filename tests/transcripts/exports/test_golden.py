"""Every format of every document, to the letter; and again by parsers that aren't ours.

`STT_WRITE_GOLDEN=1 make test ARGS=tests/transcripts/exports` writes the files again: read the
difference before it is committed.
"""

import csv
import io
import json
import os
from itertools import pairwise
from pathlib import Path

import pysrt
import pytest
import webvtt

from tests.transcripts.exports.documents import DOCUMENTS, HOSTILE
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import export

GOLDEN = Path(__file__).parent / "golden"
TEXTS = ("txt", "srt", "vtt", "json", "csv")


def rendered(name: str, format_name: str, **options: object) -> str:
    chosen = ExportOptions(**options)  # type: ignore[arg-type]
    return export(DOCUMENTS[name], format_name, chosen).decode()


@pytest.mark.parametrize("format_name", TEXTS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_export_is_what_it_was(name: str, format_name: str) -> None:
    file = GOLDEN / f"{name}.{format_name}"
    text = rendered(name, format_name)
    if os.environ.get("STT_WRITE_GOLDEN"):
        file.write_bytes(text.encode())

    assert text == file.read_bytes().decode()


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "empty"])
def test_srt_is_read_by_another_library_with_cues_in_order(name: str) -> None:
    cues = pysrt.from_string(rendered(name, "srt"))

    assert [cue.index for cue in cues] == list(range(1, len(cues) + 1))
    times = [(cue.start.ordinal, cue.end.ordinal) for cue in cues]
    assert all(start < end for start, end in times)
    assert all(end <= start for (_, end), (start, _) in pairwise(times))
    assert "machine" in cues[-1].text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_vtt_is_read_by_another_library_with_its_speakers(name: str) -> None:
    document = DOCUMENTS[name]

    cues = webvtt.from_string(rendered(name, "vtt")).captions

    spoken = "".join("".join(cue.text.split()) for cue in cues)
    if name != "hostile":
        assert spoken == "".join("".join(part.text.split()) for part in document.segments)
        assert {cue.voice for cue in cues} == {part.speaker_name for part in document.segments}


def test_markup_in_a_text_or_a_name_stays_text_in_vtt_and_srt() -> None:
    vtt, srt = rendered("hostile", "vtt"), rendered("hostile", "srt")

    assert "<v &lt;v Eve&gt; =1+1>&lt;b&gt;&amp;\ufffd --&gt; {\\an8}" in vtt
    assert vtt.count("-->") == 3  # the times alone
    assert len(pysrt.from_string(srt)) == 3  # nothing forged; the notice is in the last
    assert "<b>" not in srt
    assert "{\\an8}" not in srt


def test_json_has_the_text_exactly_as_it_is() -> None:
    body = json.loads(rendered("hostile", "json"))

    assert body["segments"][0]["text"] == HOSTILE
    assert body["origin"] == "machine-generated"


def test_csv_opens_as_text_and_runs_nothing() -> None:
    content = export(DOCUMENTS["hostile"], "csv", ExportOptions())

    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    assert content.startswith(b"\xef\xbb\xbf")
    assert [row["text"] for row in rows][1:] == [
        "'=cmd() | calc",
        "'--> 2 00:00:00,000 --> 00:00:09,000 forged",
    ]
    assert [row["speaker"] for row in rows] == ["<v Eve> =1+1", "'+Mallory", "'-"]
    assert {row["origin"] for row in rows} == {"machine-generated"}


@pytest.mark.parametrize("format_name", TEXTS)
def test_a_corrected_transcript_shows_it_and_the_operator_can_switch_it_off(
    format_name: str,
) -> None:
    assert "corrected by a person" in rendered("corrected", format_name)
    silent = rendered("corrected", format_name, notice=False)
    assert "machine" not in silent
    assert "corrected by" not in silent


def test_options_of_txt() -> None:
    plain = rendered("renamed", "txt", speakers=False, paragraphs=False, notice=False)
    timed = rendered("renamed", "txt", timestamps="inline", notice=False)

    assert plain.splitlines()[1] == "And to you, Jiří."
    assert len(plain.splitlines()) == 4
    assert timed.split("\n\n")[1] == (
        "[00:00:03] Anna: And to you, Jiří. Let us begin with the plan for May."
    )


def test_options_survive_being_written_down() -> None:
    options = ExportOptions(redact=("email",), locale="cs", timestamps="column")

    assert ExportOptions.from_text(options.as_text()) == options
