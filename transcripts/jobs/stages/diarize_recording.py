"""The second stage by a diarizer of the torch engines, which hears the whole recording at once.

The recording is decoded once more and sent; nothing is charged for that. Whatever goes wrong on the
way is noted, and the light engine's stored turns are used instead: one try, for who waits for a
transcript has waited for the recogniser already.
"""

import logging

from transcripts.inference.diarization import DiarizeRecordingCall, diarize_recording
from transcripts.inference.errors import InferenceError
from transcripts.inference.freeze_detection import cancel_when_frozen
from transcripts.inference.results import LabelledTurn
from transcripts.inference.routing import inference_for
from transcripts.jobs import results
from transcripts.jobs.pcm_feed import FreeMeter, PcmFeed
from transcripts.jobs.results import JobRun
from transcripts.jobs.stages.labels import label
from transcripts.jobs.stages.sources import prepare_passes
from transcripts.media.decoder import open_decoder
from transcripts.media.errors import DecoderDiedError, MediaError
from transcripts.services.recordings import local_recording
from transcripts.text.speaker_assignment import Turn

logger = logging.getLogger(__name__)

FELL_BACK = (
    "diarizer_fell_back",
    "The diarizer that was asked for was not there or failed: the light engine was used, where it"
    " is installed.",
)


def label_recording(job: JobRun, diarizer: str) -> bool:
    """Label the job's text; False, with a note, where that can't be done now.

    diarizer: id of an engine; empty: the server's best one. Raises `LeaseLostError`,
    `WorkStoppedError`.
    """
    try:
        used, turns = _diarize(job, diarizer)
    except (InferenceError, MediaError, DecoderDiedError) as error:
        job.lease.check()
        logger.warning(
            "event=diarizer_fell_back transcript_id=%s code=%s", job.transcript.pk, error.code
        )
        results.store_warning(job, *FELL_BACK)
        return False
    if not turns:
        results.store_warning(job, *FELL_BACK)
        return False
    results.write_fenced(job, diarizer_used=used)
    label(job, [Turn(t.start_ms, t.end_ms) for t in turns], [turn.speaker for turn in turns])
    return True


def _diarize(job: JobRun, diarizer: str) -> tuple[str, list[LabelledTurn]]:
    """Return what ran, and its turns. Raises `InferenceError`, MediaError, DecoderDiedError."""
    server = inference_for(job.transcript.owner).pick(is_begun=True).server
    pick = prepare_passes(job).sources[0].pick
    with open_decoder(local_recording(job.transcript), pick=pick) as decoder:
        feed = PcmFeed(decoder, FreeMeter())
        call: DiarizeRecordingCall = diarize_recording(
            feed, diarizer=diarizer, speakers=job.row.speakers_requested, server=server
        )
        try:
            with job.lease.guard(call.cancel), cancel_when_frozen(call, server):
                turns = call.collect(lambda _: job.lease.note_progress())
        finally:
            call.cancel()
            feed.close()
        if feed.error is not None:
            raise feed.error
    return call.diarizer, turns
