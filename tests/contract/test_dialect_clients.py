"""Deepgram's, AssemblyAI's and whisper-asr-webservice's clients, unchanged but for the address,
against the product's processes; and what they get, against what the native API says."""

import re
import subprocess
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import pytest
import requests

from tests.contract.client_environments import FOLDER, node_with, python_with, run
from tests.contract.conftest import RECORDING, TEXT
from tests.e2e.processes import ROOT, System, wait_until

pytestmark = [pytest.mark.clients, pytest.mark.e2e, pytest.mark.timeout(400)]
BARE = "the next meeting is friday"
DURATION_S = 2.7


@pytest.fixture(scope="module")
def pcm() -> bytes:
    """What Bazarr sends: 16 kHz, mono, int16, without a header."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    with av.open(str(RECORDING)) as container:
        frames = [*container.decode(audio=0), None]
        chunks = [part for frame in frames for part in resampler.resample(frame)]
    return b"".join(part.to_ndarray().tobytes() for part in chunks)


@pytest.fixture
def spoken_wav(tmp_path: Path, pcm: bytes) -> Path:
    path = tmp_path / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm)
    return path


def test_deepgrams_python_client(system: System, key: str, meeting: Path) -> None:
    got = run(
        python_with("deepgram-7"), FOLDER / "deepgram_7_recording.py", system.url, key, meeting
    )

    assert (got["text"], got["bare"], got["paragraphs"]) == (TEXT, BARE, TEXT)
    assert got["words"] == TEXT.split()
    assert "whisper-en-cs-tiny" in got["models"]
    assert got["found"] == ["meeting"]
    assert got["utterances"] == [TEXT]
    assert 0 < got["confidence"] <= 1
    same, is_dated, duration = got["metadata"]
    assert (same, is_dated, round(duration, 1)) == (True, True, DURATION_S)
    assert got["late"]
    assert got["errors"] == [
        ["ApiError", 401, "INVALID_AUTH"],
        ["BadRequestError", 400, "Bad Request"],
        ["BadRequestError", 400, "Bad Request"],
        ["BadRequestError", 400, "Bad Request"],
    ]


def test_deepgrams_older_python_client(system: System, key: str, meeting: Path) -> None:
    got = run(
        python_with("deepgram-4"), FOLDER / "deepgram_4_recording.py", system.url, key, meeting
    )

    assert (got["text"], got["words"]) == (TEXT, TEXT.split())
    assert round(got["duration"], 1) == DURATION_S
    assert got["errors"] == [["DeepgramApiError", "401"], ["DeepgramApiError", "400"]]


def test_deepgrams_node_client(system: System, key: str, meeting: Path) -> None:
    folder = node_with("@deepgram/sdk@5.13.0")
    got = run("node", FOLDER / "deepgram_node.mjs", system.url, key, meeting, folder)

    assert (got["text"], got["words"]) == (TEXT, BARE.split())
    assert got["refused"] == ["BadRequestError", 400, "Bad Request"]


def test_livekits_plugin_for_deepgram(system: System, key: str, spoken_wav: Path) -> None:
    program = FOLDER / "livekit_recording.py"
    got = run(python_with("livekit"), program, system.url, key, spoken_wav)

    assert got["speech"]["text"] == TEXT
    assert 0 < got["speech"]["confidence"] <= 1
    assert (got["silence"]["text"], got["silence"]["confidence"]) == ("", None)


def test_assemblyais_python_client(system: System, key: str, meeting: Path) -> None:
    program = FOLDER / "assemblyai_python.py"
    got = run(python_with("assemblyai-1"), program, system.url, key, meeting)

    assert (got["status"], got["text"], got["duration"]) == ("completed", TEXT, 3)
    assert got["words"] == TEXT.split()
    assert got["sound"] == ["audio/mpeg", True]
    assert got["sentences"] == got["paragraphs"] == [TEXT]
    assert got["srt"].startswith("1\n00:00:00,")
    assert got["vtt"].startswith("WEBVTT")
    assert got["matches"] == [["Friday", 1, [4]], ["next meeting", 1, [1]]]
    assert (got["page"], got["deleted"]) == ([1, True], True)
    assert got["errors"] == [
        ["TranscriptError", 401],
        ["TranscriptError", 400],
        ["TranscriptError", 404],
    ]


def test_assemblyais_node_client(system: System, key: str, meeting: Path) -> None:
    folder = node_with("assemblyai@4.41.5")
    got = run("node", FOLDER / "assemblyai_node.mjs", system.url, key, meeting, folder)

    assert (got["text"], got["words"], got["sentences"]) == (TEXT, TEXT.split(), [TEXT])
    assert got["srt"].startswith("1\n00:00:00,")
    assert got["listed"]
    assert got["refused"][0] == "Error"
    assert "multichannel" in got["refused"][1]


def test_bazarrs_two_calls(system: System, key: str, pcm: bytes) -> None:
    endpoint = system.url.replace("://", f"://x:{key}@")
    language = requests.post(
        f"{endpoint}/detect-language",
        params={"encode": "false"},
        files={"audio_file": pcm},
        timeout=(3600, 3600),
    )
    subtitles = requests.post(
        f"{endpoint}/asr",
        params={"task": "transcribe", "language": "en", "output": "srt", "encode": "false"},
        files={"audio_file": pcm},
        timeout=(3600, 3600),
    )
    assert language.json()["language_code"] == "en"
    assert language.json()["detected_language"] == "english"
    assert subtitles.text.splitlines()[2] == TEXT


def test_every_dialect_has_the_same_words_at_the_same_price(system: System, meeting: Path) -> None:
    key = system.create_api_key("same@example.com", plan="free")
    sound, bearer = meeting.read_bytes(), {"Authorization": f"Bearer {key}"}

    def post(path: str, **options: Any) -> requests.Response:
        answer = requests.post(system.url + path, headers=bearer, timeout=60, **options)
        assert answer.status_code == 200, answer.text
        return answer

    form = {"language": "en", "diarize": "false", "response_format": "verbose_json"}
    native = post("/v1/transcribe", files={"file": sound}, data=form)
    openai = post(
        "/v1/audio/transcriptions",
        files={"file": sound},
        data={
            "model": "whisper-1",
            "language": "en",
            "response_format": "verbose_json",
            "timestamp_granularities[]": "word",
        },
    )
    deepgram = post("/v1/listen?language=en&punctuate=true", data=sound)
    asr = post("/asr?language=en&output=json&word_timestamps=true", files={"audio_file": sound})
    upload_url = post("/v2/upload", data=sound).json()["upload_url"]
    ordered = post("/v2/transcript", json={"audio_url": upload_url, "language_code": "en"}).json()
    assemblyai = requests.get(
        f"{system.url}/v2/transcript/{ordered['id']}", headers=bearer, timeout=60
    ).json()

    (alternative,) = deepgram.json()["results"]["channels"][0]["alternatives"]
    segments = asr.json()["segments"]
    timed = {
        "native": _timed(native.json()["words"]),
        "openai": _timed(openai.json()["words"]),
        "deepgram": _timed(alternative["words"], name="punctuated_word"),
        "asr": _timed(word for segment in segments for word in segment["words"]),
        "assemblyai": _timed(assemblyai["words"], name="text", unit_s=0.001),
    }
    assert [word for word, _, _ in timed["native"]] == TEXT.split()
    assert all(words == timed["native"] for words in timed.values())
    answers = (native, openai, deepgram, asr)
    assert len({answer.headers["X-Transcript-Id"] for answer in answers}) == 1
    listed = requests.get(f"{system.url}/api/v1/transcripts/", headers=bearer, timeout=60).json()
    assert [each["credits_charged"] for each in listed["results"]] == [1]


def _timed(words: Any, *, name: str = "word", unit_s: float = 1.0) -> list[tuple[str, int, int]]:
    """Return each word and its whole milliseconds."""
    return [
        (
            word[name].strip(),
            round(word["start"] * unit_s * 1000),
            round(word["end"] * unit_s * 1000),
        )
        for word in words
    ]


def test_a_call_that_a_killed_server_broke_off_goes_on_and_is_charged_once(
    system: System, pcm: bytes
) -> None:
    key = system.create_api_key("killed@example.com", plan="free")
    bearer = {"Authorization": f"Bearer {key}"}

    def ask() -> requests.Response:
        query = "/asr?language=en&output=srt&encode=false"
        return requests.post(
            system.url + query, files={"audio_file": pcm}, headers=bearer, timeout=120
        )

    def listed() -> list[dict[str, Any]]:
        answer = requests.get(f"{system.url}/api/v1/transcripts/", headers=bearer, timeout=60)
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    broken: list[BaseException] = []

    def ask_in_vain() -> None:
        try:
            ask()
        except requests.ConnectionError as error:
            broken.append(error)

    system.freeze("worker-short")
    try:
        first = threading.Thread(target=ask_in_vain, daemon=True)
        first.start()
        wait_until(lambda: len(listed()) == 1, what="the recording is queued", within_s=30)
        system.kill("web")
        first.join(30)
        system.start("web")
    finally:
        system.thaw("worker-short")
    answer = ask()

    assert broken
    assert answer.text.splitlines()[2] == TEXT
    assert [each["credits_charged"] for each in listed()] == [1]
    assert answer.headers["X-Transcript-Id"] == listed()[0]["id"]


class Unready(ThreadingHTTPServer):
    """A proxy that answers 503 first, and drops the answer of the second call."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target, self.calls = target, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Passing(BaseHTTPRequestHandler):
    server: Unready

    def do_POST(self) -> None:
        self.server.calls += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.calls == 1:
            self._answer(503, b"{}")
            return
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        answer = requests.post(
            self.server.target + self.path, data=body, headers=headers, timeout=60
        )
        # What the server did is lost on the way, the second time.
        self._answer(*((502, b"{}") if self.server.calls == 2 else (200, answer.content)))

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def unready(system: System) -> Iterator[Unready]:
    with Unready(system.url) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        yield proxy
        proxy.shutdown()


def test_what_a_client_sends_again_over_a_bad_line_is_charged_once(
    system: System, unready: Unready, meeting: Path, tmp_path: Path
) -> None:
    key = system.create_api_key("again@example.com", plan="free")
    program = _sample("deepgram.md", url=unready.url, key=key, recording=meeting)
    (tmp_path / "sample.py").write_text(program)
    text = _run_sample(python_with("deepgram-7"), tmp_path / "sample.py")

    assert (text, unready.calls) == (TEXT, 3)
    bearer = {"Authorization": f"Bearer {key}"}
    listed = requests.get(f"{system.url}/api/v1/transcripts/", headers=bearer, timeout=60).json()
    assert [each["credits_charged"] for each in listed["results"]] == [1]


def test_the_documented_sample_for_assemblyai(
    system: System, key: str, meeting: Path, tmp_path: Path
) -> None:
    program = _sample("assemblyai.md", url=system.url, key=key, recording=meeting)
    (tmp_path / "sample.py").write_text(program)
    assert _run_sample(python_with("assemblyai-1"), tmp_path / "sample.py") == TEXT


def test_the_documented_sample_for_whisper_asr(
    system: System, key: str, meeting: Path, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "whisper-asr.md").read_text()
    (commands,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    address = system.url.removeprefix("http://")
    script = commands.replace("https://", "http://").replace("stt.example.com", address)
    script = script.replace("@talk.mp3", f"@{meeting}").replace("$KEY", key)
    out = _run_sample("sh", "-e", "-c", script)
    assert TEXT in out
    assert '"language_code": "en"' in out


def _sample(page: str, *, url: str, key: str, recording: Path) -> str:
    text = (ROOT / "docs" / page).read_text()
    programs: list[str] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (program,) = programs
    socket_url = url.replace("http", "ws", 1)
    changed = program.replace("https://stt.example.com", url)
    changed = changed.replace("wss://stt.example.com", socket_url).replace("stt_…", key)
    return changed.replace("talk.mp3", str(recording))


def _run_sample(*argv: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in argv], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()
