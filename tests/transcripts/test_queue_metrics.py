"""What is counted from the tables: rightly, in two queries, and the same by KEDA's view."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.transcripts.rows import create_transcript
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.queue_load import VIEW, read_queue_load
from transcripts.models import Source, Status
from transcripts.queue_metrics import CACHED_S, Gauge, TableReader, read_gauges

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_what_is_left_of_the_recordings_is_summed_by_queue() -> None:
    create_transcript(probed_ms=90_000, resume_ms=30_000, queue="bulk", status="processing")
    create_transcript(probed_ms=10_000, queue="bulk")
    create_transcript(probed_ms=0, queue="short")  # unknown: something all the same
    create_transcript(probed_ms=99_000, queue="short", status=Status.COMPLETED)
    loads = {load.queue: load for load in read_queue_load()}
    assert (loads["bulk"].waiting, loads["bulk"].running) == (1, 1)
    assert loads["bulk"].open_audio_s == 70
    assert (loads["short"].waiting, loads["short"].open_audio_s) == (1, 60)


def test_a_live_session_that_is_spoken_is_no_workers_load() -> None:
    transcript = create_transcript(source=Source.LIVE, status="processing", lease_owner="live:a:1")
    assert read_queue_load() == []
    TranscriptionJob.objects.update(status="queued", lease_owner="")
    transcript.refresh_from_db()
    assert [load.waiting for load in read_queue_load()] == [1]


def test_the_oldest_waits_since_its_order() -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    create_transcript(queue="bulk", created_at=hour_ago)
    create_transcript(queue="bulk")
    (load,) = read_queue_load()
    assert load.oldest_at == hour_ago


def test_keda_reads_what_the_metrics_show() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("KEDA scales on PostgreSQL; the view is made there.")
    create_transcript(probed_ms=5_000, queue="bulk")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT queue, waiting, open_audio_s FROM {VIEW}")  # noqa: S608  # ours
        assert [(queue, int(n), float(s)) for queue, n, s in cursor.fetchall()] == [("bulk", 1, 5)]


def test_a_scrape_is_two_queries_and_the_next_ones_none(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    create_transcript(queue="bulk")
    with django_assert_num_queries(2):
        gauges = {name: values for name, _, _, values in read_gauges()}
    assert gauges["stt_jobs"]["bulk", "queued"] == 1
    assert gauges["stt_live_sessions"] == {("open",): 0, ("paused",): 0}
    assert gauges["stt_mail_waiting"] == {(): 0}


def test_what_was_read_is_stored_for_a_while() -> None:
    now = [100.0]
    readings: list[float] = []

    def read() -> list[Gauge]:
        readings.append(now[0])
        return []

    reader = TableReader(read, clock=lambda: now[0])
    for seconds in (0, 1, CACHED_S, 0.1):
        now[0] += seconds
        reader.read()
    assert len(readings) == 2
