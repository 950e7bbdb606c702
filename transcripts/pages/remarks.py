"""What a page says of a transcript that is not its text: its gaps in their places, and its warnings
as sentences in the language of who reads."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext, gettext_lazy

from transcripts.models import GapReason, Transcript
from transcripts.pages.paragraphs import GapLine
from transcripts.services.shown_gaps import CODE, ShownGap, rounded_seconds
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.warnings import NO_SPEECH, NO_WORDS

REASONS: dict[str, Any] = {  # sentences in the language of who reads
    GapReason.NOT_RECOGNISED: gettext_lazy("no words were recognised there"),
    GapReason.REPETITION: gettext_lazy("the recogniser repeated itself there"),
    GapReason.LOW_CONFIDENCE: gettext_lazy("what was recognised there is too uncertain"),
    GapReason.UNREADABLE: gettext_lazy("the recording is damaged there"),
}
# Warnings whose sentence says nothing of this one recording; others come as the server wrote them.
SENTENCES = {
    NO_SPEECH: gettext_lazy("No speech was found in this recording. It cost nothing."),
    NO_WORDS: gettext_lazy(
        "There is something like speech in this recording, but no words could be recognised. It"
        " cost nothing."
    ),
    "credits_ran_out": gettext_lazy(
        "The recording is longer than your minutes and credits: its rest was not transcribed."
    ),
    "tracks_not_used": gettext_lazy(
        "Some of the audio tracks of this file were not transcribed. To have all that can be read,"
        " send it again and choose “Audio tracks: all of them” under “Advanced”."
    ),
    "other_track_recognised": gettext_lazy(
        "The default audio track of this file has no sound or can't be read: another track was"
        " transcribed."
    ),
    "channels_separate": gettext_lazy(
        "Each channel of this recording seems to hold one person. To have them told apart by"
        " channel, send it again and choose “Channels: a speaker for each” under “Advanced”."
    ),
    "channels_not_split": gettext_lazy(
        "The channels of this recording all hold the same sound: they could not be taken for a"
        " speaker each."
    ),
}
# With places for what this recording has; the script fills them in, too.
GAPS_LEFT = gettext_lazy(
    "Speech that is not in the text: {seconds} s (places: {count}). Each is marked below."
)
_UNCERTAIN = gettext_lazy(
    "The recording was taken for {language}, with a certainty of only {percent} %. If that is"
    " wrong, transcribe it again and name its language."
)


def list_gaps(gaps: Iterable[ShownGap]) -> list[GapLine]:
    """Return what a page shows of each gap. No query."""
    return [
        GapLine(
            gap.start_ms,
            gap.end_ms,
            gap.text,
            gap=gap.id,
            seconds=str(localize(rounded_seconds(gap.length_ms / 1000))),
            reason=str(REASONS.get(gap.reason, "")),
        )
        for gap in gaps
    ]


def list_remarks(transcript: Transcript) -> list[dict[str, str]]:
    """Return the transcript's warnings, each with its code and a sentence. No query."""
    return [
        {"code": warning["code"], "text": _say(transcript, warning)}
        for warning in transcript.job.warnings
    ]


def has_code(transcript: Transcript, code: str) -> bool:
    return any(warning["code"] == code for warning in transcript.job.warnings)


def _say(transcript: Transcript, warning: Mapping[str, Any]) -> str:
    code = warning["code"]
    if code == CODE:
        seconds = localize(rounded_seconds(warning["seconds"]))
        return str(GAPS_LEFT).format(count=warning["gaps"], seconds=seconds)
    if code == "language_uncertain" and transcript.job.language_probability is not None:
        name = LANGUAGE_NAMES.get(transcript.language, transcript.language).title()
        percent = round(100 * transcript.job.language_probability)
        return str(_UNCERTAIN).format(language=gettext(name), percent=percent)
    return str(SENTENCES.get(code, warning["message"]))
