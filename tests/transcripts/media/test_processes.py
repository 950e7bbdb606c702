"""The processes behind decoding: who dies with whom, what survives, what it costs in memory."""

import contextlib
import multiprocessing.forkserver
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.transcripts.media.conftest import MakeRecording
from tests.transcripts.media.recordings import wav_bytes
from transcripts.media import DecoderDiedError, MediaError, open_decoder, probe

ROOT = Path(__file__).parents[3]
HOUR_BYTES = 3600 * 32_000


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour of silence, as a sparse file."""
    path = tmp_path_factory.mktemp("hour") / "hour.wav"
    head = wav_bytes(b"")
    sizes = (HOUR_BYTES + 36).to_bytes(4, "little"), HOUR_BYTES.to_bytes(4, "little")
    path.write_bytes(head[:4] + sizes[0] + head[8:40] + sizes[1])
    os.truncate(path, HOUR_BYTES + 44)
    return path


def is_alive(pid: int) -> bool:
    """A zombie is dead: only its parent has not looked yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_for_death(pid: int, *, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.01)


def peak_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no peak in the status of the process")


def fork_server_pid() -> int:
    pid = multiprocessing.forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    assert isinstance(pid, int)
    return pid


def test_memory_stays_flat_over_an_hour(hour: Path) -> None:
    with open_decoder(hour) as decoder:
        assert decoder.pid is not None
        sizes_bytes, peaks_kb = [], []
        for chunk in decoder:
            sizes_bytes.append(len(chunk))
            with contextlib.suppress(FileNotFoundError, AssertionError):
                peaks_kb.append(peak_kb(decoder.pid))
    assert sum(sizes_bytes) == HOUR_BYTES
    assert max(sizes_bytes) <= 320_000
    assert max(peaks_kb) < 100_000
    assert max(peaks_kb) - peaks_kb[len(peaks_kb) // 10] < 5_000


def test_the_decoder_waits_for_a_slow_reader(hour: Path) -> None:
    with open_decoder(hour) as decoder:
        next(decoder)
        ticks = _cpu_ticks_at_rest(decoder.pid)
        next(decoder)
        assert _cpu_ticks_at_rest(decoder.pid) - ticks <= 1


def _cpu_ticks_at_rest(pid: int | None) -> int:
    """The CPU time of a process once it sleeps, in clock ticks."""
    deadline = time.monotonic() + 10
    while True:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if fields[0] == "S":
            return int(fields[11]) + int(fields[12])
        assert time.monotonic() < deadline, "the decoder never waits"


def test_a_killed_decoder_is_an_error_that_may_be_tried_again(hour: Path) -> None:
    with open_decoder(hour) as decoder:
        next(decoder)
        assert decoder.pid is not None
        os.kill(decoder.pid, signal.SIGKILL)
        with pytest.raises(DecoderDiedError) as caught:
            list(decoder)
    assert caught.value.retryable
    assert caught.value.status == 503
    assert not issubclass(DecoderDiedError, MediaError)


def test_leaving_the_context_ends_the_decoder_at_once(hour: Path) -> None:
    with open_decoder(hour) as decoder:
        next(decoder)
        pid = decoder.pid
    assert pid is not None
    wait_for_death(pid)


def test_an_error_of_the_reader_ends_the_decoder(hour: Path) -> None:
    pids = []

    def read() -> None:
        with open_decoder(hour) as decoder:
            pids.append(decoder.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    assert pids[0] is not None
    wait_for_death(pids[0])


def test_decoding_goes_on_after_the_fork_server_was_killed(
    hour: Path, tone_in: MakeRecording
) -> None:
    with open_decoder(hour) as decoder:
        next(decoder)
        first = fork_server_pid()
        os.kill(first, signal.SIGKILL)
        assert probe(tone_in("mp3")).container == "MP3"
        assert fork_server_pid() != first
        next(decoder)  # and what ran goes on
        orphan = decoder.pid
    assert orphan is not None
    wait_for_death(orphan)


def test_a_decoder_may_do_nothing_but_decode(hour: Path) -> None:
    with open_decoder(hour) as decoder:
        next(decoder)
        limits = Path(f"/proc/{decoder.pid}/limits").read_text()
        open_files = len(os.listdir(f"/proc/{decoder.pid}/fd"))
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}
    assert soft["Max file size"] == "0"
    assert soft["Max core file size"] == "0"
    assert int(soft["Max open files"]) <= open_files
    assert int(soft["Max address space"]) < 1 << 30
    assert int(soft["Max cpu time"]) < 24 * 3600


def test_eight_threads_decode_at_once(tone_in: MakeRecording) -> None:
    names = ["mp3", "wav", "flac", "ogg", "m4a", "opus", "wma", "webm"] * 3

    def decoded_ms(name: str) -> int:
        with open_decoder(tone_in(name)) as decoder:
            list(decoder)
        return decoder.decoded_ms

    expected = {name: decoded_ms(name) for name in set(names)}
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(decoded_ms, names)) == [expected[name] for name in names]


def test_no_descriptors_are_lost(tone_in: MakeRecording, tmp_path: Path) -> None:
    probe(tone_in("mp3"))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        probe(tone_in("mp3"))
        with open_decoder(tone_in("mp3")) as decoder:
            next(decoder)
        with pytest.raises(MediaError):
            probe(tmp_path / "missing")
    assert len(os.listdir("/proc/self/fd")) == before


PROGRAM = """
import sys
print("main imported", flush=True)
if __name__ == "__main__":
    from transcripts.media import open_decoder, warm_up
    warm_up()
    with open_decoder(sys.argv[1]) as decoder:
        next(decoder)
        from multiprocessing.forkserver import _forkserver
        print(decoder.pid, _forkserver._forkserver_pid, "av" in sys.modules, flush=True)
        sys.stdin.read()
"""


@pytest.mark.e2e
def test_a_killed_parent_takes_its_decoder_along(hour: Path, tmp_path: Path) -> None:
    package = tmp_path / "program"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM)
    parent = subprocess.Popen(
        [sys.executable, "-m", "program", str(hour)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "main imported\n"
    pid, server_pid, has_ffmpeg = parent.stdout.readline().split()
    assert has_ffmpeg == "False", "FFmpeg was loaded outside the child"
    assert is_alive(int(pid))
    parent.kill()
    wait_for_death(int(pid))
    wait_for_death(int(server_pid))
    assert parent.stdout.read() == "", "the main module was imported again by the child"
    parent.wait()
    parent.stdout.close()
