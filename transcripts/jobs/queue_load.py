"""How much recognition is open: one statement for the metrics, and on PostgreSQL the view for KEDA.

    stt_queue_load (queue, waiting, running, open_audio_s, oldest_at)

A recording counts with what is left of it; one of unknown length with a minute, so that it isn't
nothing. A live session that a web process has is no worker's work. Both parts use a partial index.
A role that may read this view needs to see nothing else of the database (docs/operating.md).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.dateparse import parse_datetime

VIEW = "stt_queue_load"
_LEFT_MS = """
    CASE WHEN recording.probed_ms = 0 THEN 60000
         WHEN recording.probed_ms > job.resume_ms THEN recording.probed_ms - job.resume_ms
         ELSE 0 END"""
# Constants of ours only: nothing that is sent gets into these statements.
_JOBS = f"""
    SELECT job.queue, job.status, job.created_at, {_LEFT_MS} AS left_ms
    FROM transcripts_transcriptionjob job
    JOIN transcripts_transcript transcript ON transcript.id = job.transcript_id
    JOIN transcripts_recording recording ON recording.id = transcript.recording_id"""  # noqa: S608
QUERY = f"""
SELECT queue,
       SUM(CASE WHEN status = 'queued' THEN 1 ELSE 0 END) AS waiting,
       SUM(CASE WHEN status = 'processing' THEN 1 ELSE 0 END) AS running,
       SUM(left_ms) / 1000.0 AS open_audio_s,
       MIN(CASE WHEN status = 'queued' THEN created_at END) AS oldest_at
FROM (
    {_JOBS} WHERE job.status = 'queued'
    UNION ALL
    {_JOBS} WHERE job.status = 'processing'
      AND NOT (job.kind = 'live'
               AND (job.lease_owner = '' OR substr(job.lease_owner, 1, 5) = 'live:'))
) AS open_jobs
GROUP BY queue"""  # noqa: S608
CREATE_VIEW = f"CREATE VIEW {VIEW} AS {QUERY}"
DROP_VIEW = f"DROP VIEW IF EXISTS {VIEW}"


@dataclass(frozen=True)
class QueueLoad:
    queue: str
    waiting: int
    running: int
    open_audio_s: float
    oldest_at: datetime | None  # when what waits longest was ordered


def read_queue_load() -> list[QueueLoad]:
    """Return the queues that have work. One query."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        return [
            QueueLoad(queue, int(waiting), int(running), float(open_audio_s), _time(oldest_at))
            for queue, waiting, running, open_audio_s, oldest_at in cursor.fetchall()
        ]


def _time(value: datetime | str | None) -> datetime | None:
    """SQLite returns an aggregate's time as text, in UTC."""
    if isinstance(value, str):
        return parse_datetime(f"{value}+00:00")
    return value
