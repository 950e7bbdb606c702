"""What of a person's is here: transcripts and recordings, to be handed over or removed.

Registered with `accounts.services.belongings`, when the application is loaded.
"""

from collections.abc import Iterator

from accounts.models import User
from accounts.services.belongings import ExportFile
from transcripts.exports.document import load_document
from transcripts.exports.render import render
from transcripts.models import Transcript
from transcripts.services.cancel import delete_transcript
from transcripts.services.recordings import recording_path


def export_transcripts(user: User) -> Iterator[ExportFile]:
    """Yield each transcript as JSON and as text, and its recording. Lazy: one at a time."""
    ids = list(
        Transcript.objects.filter(owner=user).order_by("created_at").values_list("pk", flat=True)
    )
    for transcript_id in ids:
        transcript = Transcript.objects.filter(pk=transcript_id).first()
        if transcript is not None:
            yield from _export_transcript(transcript)


def remove_transcripts(user: User) -> None:
    """Delete them all, running ones too; also one that was being sent when the account closed."""
    transcripts = Transcript.objects.filter(owner=user)
    while (transcript := transcripts.first()) is not None:
        delete_transcript(transcript)


def _export_transcript(transcript: Transcript) -> Iterator[ExportFile]:
    folder = f"transcripts/{transcript.created_at:%Y-%m-%d} {transcript.pk}"
    document = load_document(transcript)
    for name in ("verbose_json", "txt"):
        ending = name.removeprefix("verbose_")
        yield ExportFile(name=f"{folder}/transcript.{ending}", content=render(document, name)[0])
    if transcript.recording:
        file_name = transcript.file_name.replace("\\", "/").rpartition("/")[2].lstrip(".")
        yield ExportFile(
            name=f"{folder}/{file_name or 'recording'}", path=recording_path(transcript)
        )
