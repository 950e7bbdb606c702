"""A disk that fills up at every stage: clear refusals, nothing lost, all well with room again.

    python -m drills.disk_full [--sqlite]

The disk is a small tmpfs (mounting one needs root): the media folder's, or with `--sqlite` the
whole data folder's, where database, broker and logs are too. It is filled while a recording is
transcribed and a live session speaks; an upload, a list, an edit, an export and another live
session are tried, and it is emptied again. Promised: no answer 500, what is refused says
`storage_full` or why else, what was accepted is finished afterwards, and a live session that ran
out of room keeps its text.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from drills.clients import LiveClient, Notes, unlike_others
from drills.product import ROLES, Product, drilled_product, parser, report
from drills.recordings import talk, write_talk
from drills.scene import LIVE_S, LONG_S, transcribe_undisturbed
from drills.verdict import Verdict, judge_clients, judge_ledger, judge_live, wait_until_quiet

DISK_MB = 96
SPEAKING_S = 30
STAGES_LEFT_BYTES = (0, 4_096, 300_000, 1_600_000)
_REFUSALS = (202, 200, 409, 413, 503, 507)


def main(arguments: argparse.Namespace) -> int:
    if os.geteuid() != 0:
        print("A tmpfs can be mounted by root only.", file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        parent = arguments.keep or Path(tempfile.mkdtemp(prefix="stt-drill-"))
        arguments.keep = parent
        disk = parent / "data" if arguments.sqlite else parent / "media-disk"
        stack.enter_context(_mounted(disk))
        settings = {} if arguments.sqlite else {"STT_MEDIA_DIR": str(disk / "media")}
        product = stack.enter_context(drilled_product(arguments, settings=settings))
        product.system.start(*ROLES)
        return _drill(product, disk, arguments.seed)


def _drill(product: Product, disk: Path, seed: int) -> int:
    key = product.key("disk@example.com")
    other = product.key("edits@example.com")
    recording = product.system.folder.parent / "long.wav"
    write_talk(recording, seconds=LONG_S)
    transcript_id = transcribe_undisturbed(product, key, recording)["id"]
    verdict = Verdict()
    notes = Notes()
    accepted: list[str] = []
    answers: list[str] = []
    under_way = 0
    for left in STAGES_LEFT_BYTES:
        speaking = LiveClient(
            notes, lambda: [product.url], other, seed, pcm=talk(seconds=SPEAKING_S), pace=1.0
        )
        speaking.start()
        speaking.is_speaking.wait(60)
        speaking.stop()  # after this session
        waiting = _upload(product, key, recording, {"async": "true"})
        assert waiting.status_code == 202, waiting.text
        accepted.append(waiting.json()["id"])
        _fill(disk, leave=left)
        under_way += len(_unfinished(accepted[-1:]))
        tried: dict[str, Any] = {
            "upload": _upload(product, key, recording, {"async": "true"}),
            "edit": _edit(product, key, transcript_id),
            "export": requests.get(
                f"{product.url}/api/v1/transcripts/{transcript_id}/export/docx/",
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            ),
            "list": requests.get(
                f"{product.url}/api/v1/transcripts/",
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            ),
        }
        for name, answer in tried.items():
            answers.append(f"{name} with {left} bytes left: {answer.status_code}")
            if answer.status_code not in _REFUSALS:
                verdict.hold(f"{name} with {left} bytes left", [answer.text[:300]])
            if name == "upload" and answer.status_code in (200, 202):
                accepted.append(answer.json()["id"])
        live = LiveClient(notes, lambda: [product.url], other, seed, pcm=talk(seconds=LIVE_S))
        live.start()
        time.sleep(6)
        live.stop()
        _empty(disk)
        for each in (live, speaking):
            each.join(timeout=240)
        hanging = [each.name for each in (live, speaking) if each.is_alive()]
        verdict.hold(f"live clients that hang with {left} bytes left", hanging)
    verdict.hold("recordings still under way", wait_until_quiet())
    verdict.hold("accepted recordings not completed", _unfinished(accepted))
    again = _upload(product, key, recording, {"async": "true"})
    verdict.hold("uploads refused with room again", [] if again.ok else [again.text[:200]])
    verdict.hold("recordings still under way at the end", wait_until_quiet())
    judge_live(verdict, notes, "")
    judge_clients(verdict, notes)
    judge_ledger(verdict)
    found = {
        "drill": "disk_full",
        "on": product.kind,
        "answers": answers,
        "recordings under way as it filled up": f"{under_way} of {len(STAGES_LEFT_BYTES)}",
        **verdict.found,
    }
    return report(found, verdict.broken)


@contextlib.contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={DISK_MB}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _fill(disk: Path, *, leave: int) -> None:
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    block = bytes(4096)
    # Unbuffered: what the live session took first must not fail when the file is closed.
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for _ in range(max(0, free - leave) // 4096):
            file.write(block)


def _empty(disk: Path) -> None:
    (disk / "filler").unlink(missing_ok=True)


def _upload(
    product: Product, key: str, recording: Path, fields: dict[str, str]
) -> requests.Response:
    """Upload the recording as one that the server doesn't have."""
    idempotency_key = uuid.uuid4().hex
    return requests.post(
        f"{product.url}/v1/transcribe",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key},
        files={"file": ("long.wav", unlike_others(recording, idempotency_key))},
        data={"diarize": "false", "language": "en", **fields},
        timeout=300,
    )


def _edit(product: Product, key: str, transcript_id: str) -> requests.Response:
    return requests.patch(
        f"{product.url}/api/v1/transcripts/{transcript_id}/",
        json={"title": f"Named {uuid.uuid4().hex[:6]}"},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )


def _unfinished(accepted: list[str]) -> list[str]:
    from transcripts.models import Transcript  # after django.setup()

    rows = {str(each.pk): each for each in Transcript.objects.filter(pk__in=accepted)}
    return [
        f"{each}: {rows[each].status if each in rows else 'lost'}"
        for each in accepted
        if each not in rows or rows[each].status != "completed"
    ]


if __name__ == "__main__":
    sys.exit(main(parser(__doc__).parse_args()))
