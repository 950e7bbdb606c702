"""The outcome of a finished run: what is missing, whether there was speech, in what language.

    speech_not_transcribed   parts of the speech are not in the text: `services/shown_gaps` names
    them no_speech                voice activity detection found none: free
    no_words                 what it took for speech held no words, and no gap is shown: free
    language_uncertain       the language was detected with less than even odds
    language_not_detected    the model can't detect it (`jobs/stages/recognise`)

A recording that has neither text nor a shown gap is free: nothing of it was delivered. One whose
speech could not be recognised is charged, and its gaps hold where the speech is.
"""

from django.db.models import Sum

from transcripts.jobs import results
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.results import JobRun
from transcripts.services.shown_gaps import show_gaps, with_gap_warning
from transcripts.text.languages import LANGUAGE_NAMES
from transcripts.warnings import LANGUAGE_UNCERTAIN, NO_SPEECH, NO_WORDS

# Below, another language is likelier: measured 0.22 for a synthetic French voice taken for Latin,
# and 0.7 or more in 62 of 63 windows of real speech (base, 13 languages).
_UNCERTAIN = 0.5


def store_outcome(job: JobRun) -> bool:
    """Store these warnings; return whether the result is to be charged.

    Two queries at most, besides the writes. Raises `LeaseLostError`.
    """
    gaps = show_gaps(job.gaps)
    if gaps:
        results.write_fenced(job, warnings=with_gap_warning(job.row.warnings, gaps))
    if job.has_text:
        _note_language(job)
    elif not gaps:
        _note_wordless(job, speech_ms=recognised_speech_ms(job.row))
    return job.has_text or bool(gaps)


def recognised_speech_ms(row: TranscriptionJob) -> int:
    """Return how much speech voice activity detection found in all windows. One query."""
    return int(row.windows.aggregate(total=Sum("speech_ms"))["total"] or 0)


def _note_wordless(job: JobRun, *, speech_ms: int) -> None:
    """Store that there is no text, and why; what was taken for its language was a guess."""
    if speech_ms:
        results.store_warning(
            job,
            NO_WORDS,
            f"What sounded like speech ({speech_ms / 1000:.1f} s) held no words that could be"
            " recognised. Nothing was charged.",
        )
    else:
        results.store_warning(job, NO_SPEECH, "No speech was found in this recording.")
    results.write_language(job, "", None)


def _note_language(job: JobRun) -> None:
    row = job.row
    probability = row.language_probability
    is_unknown = any(each["code"] == "language_not_detected" for each in row.warnings)
    if row.language_requested or probability is None or is_unknown:
        return
    if probability >= _UNCERTAIN:
        return
    name = LANGUAGE_NAMES.get(row.language, row.language).title()
    results.store_warning(
        job,
        LANGUAGE_UNCERTAIN,
        f"The recording was taken for {name}, with a certainty of only {probability:.0%}. If that"
        " is wrong, transcribe it again and name its language.",
    )
