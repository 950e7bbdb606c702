"""A backup made under load, restored into an empty place: everything is there, and it goes on.

    python -m drills.restore

What docs/operating.md says under Backup is done by its own commands (`pg_dump`, or SQLite's
`.backup`; then a copy of the media folder) while clients work. Promised: in the restored product
every transcript that was finished before the backup began has its text, its words, its recording
and its charge; keys work; search finds them; what was under way is finished; the ledger equals
its sum.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import requests

from drills.product import ROLES, Product, drilled_product, parser, report
from drills.scene import set_scene
from drills.verdict import Verdict, judge_ledger, wait_until_quiet
from tests.transcripts.webhooks.receiver import Receiver

WARM_UP_S = 20.0
FINISHED, FINISHED_WITHIN_S = 3, 240.0  # a busy machine takes longer than the warm-up


def main(arguments: argparse.Namespace) -> int:
    with drilled_product(arguments) as product, Receiver() as receiver:
        product.system.start(*ROLES)
        scene = set_scene(product, receiver, seed=arguments.seed)
        scene.start()
        time.sleep(WARM_UP_S)
        before = _wait_for_finished(product, scene.notes.accepted)
        began = time.monotonic()
        backup = product.system.folder / "backup"
        _back_up(product, backup)
        took_s = time.monotonic() - began
        hanging = scene.stop()
        for role in ROLES:
            product.system.kill(role)
        _destroy(product)
        _restore(product, backup)
        product.system.start(*ROLES)

        verdict = Verdict()
        verdict.hold("clients that hang", hanging)
        verdict.hold("recordings still under way", wait_until_quiet())
        verdict.hold("transcripts to compare", [] if before else ["none was finished"])
        verdict.hold("transcripts not as they were", _compare(product, before))
        verdict.hold("transcripts that search doesn't find", _search(product, before))
        judge_ledger(verdict)
        found = {
            "drill": "restore",
            "on": product.kind,
            "transcripts": len(before),
            "backup, seconds": round(took_s, 1),
            **verdict.found,
        }
        return report(found, verdict.broken)


def _read(product: Product, key: str, transcript_id: str) -> tuple[object, str]:
    """Return the transcript's answer without what moves by itself, and a digest of its audio."""
    path = f"{product.url}/api/v1/transcripts/{transcript_id}/"
    headers = {"Authorization": f"Bearer {key}"}
    answer = requests.get(path, headers=headers, timeout=60)
    if answer.status_code != 200:
        return answer.text[:200], ""
    body = answer.json()
    audio = requests.get(f"{path}audio/", headers=headers, timeout=60)
    kept = {name: body.get(name) for name in ("status", "segments", "credits_charged", "duration")}
    return kept, f"{audio.status_code} {hashlib.sha256(audio.content).hexdigest()}"


def _wait_for_finished(
    product: Product, accepted: list[tuple[str, str]]
) -> dict[tuple[str, str], tuple[object, str]]:
    ends_at = time.monotonic() + FINISHED_WITHIN_S
    while len(found := _finished(product, accepted)) < FINISHED and time.monotonic() < ends_at:
        time.sleep(1)
    return found


def _finished(
    product: Product, accepted: list[tuple[str, str]]
) -> dict[tuple[str, str], tuple[object, str]]:
    found = {each: _read(product, *each) for each in list(accepted)}
    return {
        each: answer
        for each, answer in found.items()
        if isinstance(answer[0], dict) and answer[0]["status"] == "completed"
    }


def _compare(product: Product, before: dict[tuple[str, str], tuple[object, str]]) -> list[str]:
    return [each[1] for each, answer in before.items() if _read(product, *each) != answer]


def _search(product: Product, before: dict[tuple[str, str], tuple[object, str]]) -> list[str]:
    missing = []
    for (key, transcript_id), (kept, _) in before.items():
        assert isinstance(kept, dict)
        word = max(kept["segments"][0]["text"].strip(".").split(), key=len)
        answer = requests.get(
            f"{product.url}/api/v1/transcripts/",
            params={"search": word, "limit": "100"},
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )
        if transcript_id not in answer.text:
            missing.append(f"{transcript_id}: {word}")
    return missing


def _back_up(product: Product, folder: Path) -> None:
    """The database first, then the files: a file that the database doesn't know does no harm."""
    folder.mkdir()
    if product.is_on_postgresql:
        dump = ["pg_dump", "--format=custom", f"--file={folder / 'db'}", product.database_url]
        subprocess.run(dump, check=True)
    else:
        source = product.system.folder / "stt.sqlite3"
        subprocess.run(["sqlite3", str(source), f".backup '{folder / 'db'}'"], check=True)
    shutil.copytree(product.system.folder / "media", folder / "media")


def _destroy(product: Product) -> None:
    from django.db import connections  # after django.setup()

    connections.close_all()
    shutil.rmtree(product.system.folder / "media")
    if product.is_on_postgresql:
        sql = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        subprocess.run(["psql", "-q", "-c", sql, product.database_url], check=True)
    else:
        for path in product.system.folder.glob("stt.sqlite3*"):
            path.unlink()
    if product.redis is not None:
        product.redis.stop()
        product.redis.start()


def _restore(product: Product, folder: Path) -> None:
    shutil.copytree(folder / "media", product.system.folder / "media")
    if product.is_on_postgresql:
        load = ["pg_restore", "--no-owner", f"--dbname={product.database_url}", str(folder / "db")]
        subprocess.run(load, check=True)
    else:
        shutil.copy(folder / "db", product.system.folder / "stt.sqlite3")


if __name__ == "__main__":
    sys.exit(main(parser(__doc__).parse_args()))
