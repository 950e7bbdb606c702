"""A page's remarks on a transcript: its gaps in their places, and its warnings
as sentences in the language of who reads."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy

from transcripts.gaps.models import GapReason
from transcripts.models import Transcript
from transcripts.pages.paragraphs import GapLine
from transcripts.pages.script_texts import Plural
from transcripts.services.shown_gaps import CODE, ShownGap, rounded_seconds
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.warnings import NO_SPEECH, NO_WORDS, WORDS_NOT_ALIGNED

REASONS: dict[str, Any] = {  # sentences in the language of who reads
    GapReason.NOT_RECOGNISED: gettext_lazy("no words were recognised"),
    GapReason.REPETITION: gettext_lazy("the recogniser repeated itself"),
    GapReason.LOW_CONFIDENCE: gettext_lazy("the recognised text was too uncertain"),
    GapReason.UNREADABLE: gettext_lazy("the recording is damaged"),
}
# Warnings whose sentence is the same for every recording; others come as the server wrote them.
SENTENCES = {
    NO_SPEECH: gettext_lazy("No speech was found in this recording. It was free of charge."),
    NO_WORDS: gettext_lazy(
        "This recording contains something like speech, but no words could be recognised. It was "
        "free of charge."
    ),
    "credits_ran_out": gettext_lazy(
        "The recording is longer than your remaining minutes and credits, so the rest was not "
        "transcribed."
    ),
    "recording_incomplete": gettext_lazy(
        "The end of this recording was lost with the server that received it. The text contains "
        "what was recognised of it until then."
    ),
    "tracks_not_used": gettext_lazy(
        "Some audio tracks of this file were not transcribed. To include them, upload it again "
        "and choose “Audio tracks: All” under “Advanced”."
    ),
    "other_track_recognised": gettext_lazy(
        "The default audio track of this file is silent or can't be read, so another track was "
        "transcribed."
    ),
    "channels_separate": gettext_lazy(
        "Each channel of this recording seems to contain one person. To separate speakers by "
        "channel, upload it again and choose “Channels: One speaker per channel” under “Advanced”."
    ),
    "enhanced": gettext_lazy(
        "This recording was transcribed with and without its noise, and the likelier text was kept."
    ),
    "not_enhanced": gettext_lazy(
        "This recording was transcribed with its noise, because the server can't remove it."
    ),
    "parts_not_read": gettext_lazy(
        "This file contains further recordings that can't be read, so only the first was "
        "transcribed. Upload the others as files of their own."
    ),
    "channels_not_split": gettext_lazy(
        "All channels of this recording contain the same sound, so they could not be used to "
        "separate speakers."
    ),
    "diarizer_fell_back": gettext_lazy(
        "The requested speaker detection was not available, so the standard one was used."
    ),
    WORDS_NOT_ALIGNED: gettext_lazy(
        "The requested word alignment was not available for some parts, so words there may be "
        "timed less exactly."
    ),
}
# With places for what this recording has; the script fills them in, too.
GAPS_LEFT = Plural(
    ngettext_lazy(
        "Not transcribed: {seconds} s of speech in {count} place, marked below.",
        "Not transcribed: {seconds} s of speech in {count} places, each marked below.",
    )
)
_UNCERTAIN = gettext_lazy(
    "The language was detected as {language}, with a confidence of only {percent} %. If that is"
    " wrong, transcribe the recording again and select its language."
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
        {"code": warning["code"], "text": _describe(transcript, warning)}
        for warning in transcript.job.warnings
    ]


def has_code(transcript: Transcript, code: str) -> bool:
    return any(warning["code"] == code for warning in transcript.job.warnings)


def _describe(transcript: Transcript, warning: Mapping[str, Any]) -> str:
    code = warning["code"]
    if code == CODE:
        seconds = localize(rounded_seconds(warning["seconds"]))
        return GAPS_LEFT.fill(warning["gaps"], seconds=seconds)
    if code == "language_uncertain" and transcript.job.language_probability is not None:
        name = LANGUAGE_NAMES.get(transcript.language, transcript.language).title()
        percent = round(100 * transcript.job.language_probability)
        return str(_UNCERTAIN).format(language=gettext(name), percent=percent)
    return str(SENTENCES.get(code, warning["message"]))
