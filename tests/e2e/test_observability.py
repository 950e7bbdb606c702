"""What the product's own processes show of one upload: metrics, one id in all logs, one trace.

And what they must not: the words, the key, the file's name, the query string, an id in a label.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

from tests import report
from tests.e2e.otlp_receiver import OtlpReceiver
from tests.e2e.processes import ROOT, System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TINY_MODEL = ROOT / "tests" / "weights" / "whisper-en-cs-tiny"
CLIP = ROOT / "tests" / "speech" / "clip_5s.flac"
ROLES = ("inference", "worker-short", "worker-housekeeping", "beat", "web")
FILE_NAME = "deposition-of-mrs-vance.flac"
SECRET_QUERY = "s3cretquery"
REQUEST_ID = "one-upload-42"
IDS = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-|@|/v1/transcripts/[0-9a-f]")


@dataclass
class Upload:
    """A finished upload, and where it is looked for."""

    system: System
    traces: OtlpReceiver
    text: str
    transcript_id: str

    def private(self) -> list[str]:
        key = self.system.headers["Authorization"].removeprefix("Bearer ")
        return [key, FILE_NAME, SECRET_QUERY, *_long_words(self.text)]


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upload]:
    folder = tmp_path_factory.mktemp("observability")
    models = folder / "models"
    models.mkdir()
    (models / TINY_MODEL.name).symlink_to(TINY_MODEL / "model")
    with OtlpReceiver() as traces:
        env = {"STT_MODELS_DIR": str(models), "STT_OTLP_URL": traces.url}
        with System(folder / "data", env=env, is_scraped=True) as system:
            system.start(*ROLES)
            with CLIP.open("rb") as file:
                answer = requests.post(
                    f"{system.url}/v1/transcribe?note={SECRET_QUERY}",
                    headers={**system.headers, "X-Request-Id": REQUEST_ID},
                    files={"file": (FILE_NAME, file)},
                    data={"diarize": "false"},
                    timeout=60,
                )
            assert answer.status_code == 200, answer.text
            body = answer.json()
            path = f"{system.url}/api/v1/transcripts/{body['id']}/?token={SECRET_QUERY}"
            assert requests.get(path, headers=system.headers, timeout=30).status_code == 200
            assert requests.get(f"{path}x/", timeout=30).status_code in (401, 404)
            yield Upload(system, traces, body["text"], body["id"])


def test_every_process_serves_metrics_that_promtool_accepts(upload: Upload) -> None:
    report.require("promtool", is_there=bool(shutil.which("promtool")), reason="No promtool here.")
    for role in ROLES:
        checked = subprocess.run(
            ["promtool", "check", "metrics"],
            input=upload.system.scrape(role),
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, f"{role}: {checked.stdout}{checked.stderr}"


def test_one_upload_is_counted_where_it_was_worked_on(upload: Upload) -> None:
    web = samples(upload.system.scrape("web"))
    worker = samples(upload.system.scrape("worker-short"))
    inference = samples(upload.system.scrape("inference"))
    route = {"route": "/v1/transcribe", "method": "POST", "status_class": "2xx"}
    assert find(web, "stt_http_request_duration_seconds_count", **route) == 1
    assert find(web, "stt_errors_total", source="request") >= 1
    assert find(worker, "stt_job_wait_seconds_count", queue="short", kind="file") == 1
    assert find(worker, "stt_job_duration_seconds_count", status="completed") == 1
    assert find(worker, "stt_time_to_first_segment_seconds_count", queue="short") == 1
    assert find(inference, "stt_window_wait_seconds_count", priority="short") >= 1
    assert find(inference, "stt_audio_seconds_total") >= 4


def test_only_the_housekeeping_reads_the_tables(upload: Upload) -> None:
    tables = samples(upload.system.scrape("worker-housekeeping"))
    assert find(tables, "stt_jobs", queue="short", status="queued") == 0
    assert find(tables, "stt_queue_audio_seconds", queue="bulk") == 0
    assert find(tables, "stt_live_sessions", state="paused") == 0
    for role in ("web", "worker-short", "beat"):
        assert "stt_queue_audio_seconds" not in upload.system.scrape(role)


def test_no_label_holds_an_id_or_what_a_client_wrote(upload: Upload) -> None:
    for role in ROLES:
        scraped = upload.system.scrape(role)
        values = [value for _, labels, _ in samples(scraped) for value in labels.values()]
        assert [value for value in values if IDS.search(value)] == []
        assert [each for each in upload.private() if each in scraped] == []


def test_the_request_id_is_in_the_logs_of_every_tier(upload: Upload) -> None:
    for role in ("web", "worker-short"):
        assert f"request_id={REQUEST_ID}" in upload.system.log(role), role
    for role in ROLES:
        log = upload.system.log(role)
        assert [each for each in upload.private() if each in log] == [], role


def test_one_upload_is_one_trace_from_request_to_windows(upload: Upload) -> None:
    def of_upload() -> dict[str, tuple[str, Span]]:
        spans = upload.traces.spans()
        root = next(each for _, each in spans if each.name == "POST /v1/transcribe")
        return {each.name: (kind, each) for kind, each in spans if each.trace_id == root.trace_id}

    names = {"POST /v1/transcribe", "transcripts.transcribe", "recognise", "finalize", "window"}
    names |= {"stt.v1.Speech/Transcribe"}  # of another process than the rest, with its own time
    wait_until(
        lambda: (
            any(each.name == "POST /v1/transcribe" for _, each in upload.traces.spans())
            and names <= of_upload().keys()
        ),
        what="all spans have come",
    )
    trace = of_upload()
    task, stage = trace["transcripts.transcribe"], trace["recognise"]
    call, window = trace["stt.v1.Speech/Transcribe"], trace["window"]
    assert task[1].parent_span_id == trace["POST /v1/transcribe"][1].span_id
    assert stage[1].parent_span_id == task[1].span_id
    assert call[1].parent_span_id == stage[1].span_id
    assert window[1].parent_span_id == call[1].span_id
    assert [task[0], call[0]] == ["stt-worker", "stt-inference"]
    batches = [span for _, span in upload.traces.spans() if span.name == "batch"]
    assert window[1].span_id in {link.span_id for batch in batches for link in batch.links}


def test_no_trace_holds_words_keys_names_or_queries(upload: Upload) -> None:
    wait_until(lambda: bool(upload.traces.raw), what="spans have come")
    assert [each for each in upload.private() if each.encode() in upload.traces.raw] == []
    assert upload.transcript_id.encode() not in upload.traces.raw
    assert [span.name for _, span in upload.traces.spans() if span.events] == []


def samples(scraped: str) -> list[tuple[str, dict[str, str], float]]:
    families = text_string_to_metric_families(scraped)
    return [(each.name, each.labels, each.value) for family in families for each in family.samples]


def find(found: list[tuple[str, dict[str, str], float]], name: str, **labels: str) -> float:
    """Return the sum of what has these labels; there must be one."""
    matching = [
        value for each, own, value in found if each == name and labels.items() <= own.items()
    ]
    assert matching, f"{name} {labels}"
    return sum(matching)


def _long_words(text: str) -> list[str]:
    """Two words each, which are no name of ours by chance."""
    words = re.findall(r"[A-Za-z]{4,} [a-z]+", text)
    assert words, text
    return words
