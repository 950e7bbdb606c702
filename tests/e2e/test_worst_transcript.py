"""The largest transcript that an import may make, through every reader of it: what each costs the
web process, in CPU and memory, with real processes."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.browser.session import LOG_IN
from tests.e2e.processes import System
from transcripts.imports.bounds import MAX_CHARACTERS, MAX_SEGMENTS, MAX_WORDS
from transcripts.text.bounds import MAX_SEGMENT_WORDS

pytestmark = [pytest.mark.drills, pytest.mark.e2e]

READERS = (
    "",
    "segments/?page_size=500",
    "speakers/",
    *(f"export/{name}/" for name in ("txt", "srt", "vtt", "json", "csv", "lint", "docx")),
)
# The promise is 1 s; a busy machine makes CPU time dearer, too.
MOST_CPU_S = 10.0
MOST_MEMORY_BYTES = 300_000_000


def long_segments() -> list[dict[str, object]]:
    text = " ".join(["ab"] * MAX_SEGMENT_WORDS)
    return [
        {"start": number, "end": number + 0.9, "text": text, "speaker": f"S{number % 100}"}
        for number in range(MAX_WORDS // MAX_SEGMENT_WORDS)
    ]


def many_segments() -> list[dict[str, object]]:
    words = MAX_WORDS // MAX_SEGMENTS
    text = " ".join(["abcd"] * words)[: MAX_CHARACTERS // MAX_SEGMENTS]
    return [
        {"start": number, "end": number + 0.9, "text": text, "speaker": f"S{number % 100}"}
        for number in range(MAX_SEGMENTS)
    ]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("worst") / "data") as running:
        running.start("web", "worker-housekeeping")
        yield running


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def session_cookie(system: System) -> dict[str, str]:
    output = system.run(sys.executable, "manage.py", "shell", "-v0", "-c", LOG_IN)
    name, value = output.split()[-2:]
    return {name: value}


def share(system: System, path: str) -> str:
    """Return the address of a page that anybody may read."""
    made = requests.post(path + "shares/", headers=system.headers, json={}, timeout=30)
    made.raise_for_status()
    return str(made.json()["url"])


def memory_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("make", [long_segments, many_segments])
def test_no_reader_of_the_largest_transcript_occupies_the_web_process(
    system: System, make: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(make)
    file = json.dumps({"segments": make()}).encode()
    made = requests.post(
        system.url + "/api/v1/transcripts/import/",
        headers=system.headers,
        files={"file": ("worst.json", file)},
        timeout=300,
    )
    assert made.status_code == 201, made.text
    path = f"{system.url}/api/v1/transcripts/{made.json()['id']}/"
    pid = system.pid("web")
    costs: dict[str, float] = {}
    session = requests.Session()
    session.cookies.update(session_cookie(system))
    pages = (f"{system.url}/transcripts/{made.json()['id']}/", share(system, path))
    began_bytes = memory_bytes(pid)
    for address in (*pages, *(path + reader for reader in READERS)):
        headers = {} if address in pages else system.headers
        reader = address.removeprefix(path).removeprefix(system.url)[:20]
        began = cpu_s(pid)
        with session.get(address, headers=headers, timeout=300, stream=True) as answer:
            size = sum(len(chunk) for chunk in answer.iter_content(2**20))
        assert answer.status_code in (200, 202), (reader, answer.status_code)
        costs[reader] = cpu_s(pid) - began
        with capsys.disabled():
            print(  # noqa: T201  # the numbers of the promise
                f"{reader or 'GET':25} {answer.status_code} {costs[reader]:6.2f} s"
                f" {size / 1e6:6.1f} MB, memory {memory_bytes(pid) / 1e6:.0f} MB"
            )

    assert max(costs.values()) < MOST_CPU_S
    assert memory_bytes(pid) - began_bytes < MOST_MEMORY_BYTES
