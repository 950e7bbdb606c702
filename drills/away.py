"""No inference service for minutes: everything else goes on, and nothing is lost or used up.

    python -m drills.away --seconds 300

Promised while it is away: the web tier stays ready, uploads are accepted and queued, transcripts
are read, edited and exported; a web process that is started meanwhile accepts them, too. Afterwards
all that was accepted is transcribed, in one charge, and no try is counted against it.
"""

import argparse
import sys
import time

import requests

from drills.clients import FileClient
from drills.product import ROLES, Product, drilled_product, parser, report
from drills.scene import Scene, judge, set_scene
from tests.transcripts.webhooks.receiver import Receiver

UPLOAD_EVERY_S = 10.0


def main(arguments: argparse.Namespace) -> int:
    with drilled_product(arguments) as product, Receiver() as receiver:
        product.system.start(*ROLES)
        scene = set_scene(product, receiver, seed=arguments.seed)
        scene.clients = [each for each in scene.clients if each.name != "LiveClient"]
        for client in scene.clients:
            if isinstance(client, FileClient):  # to the end, though nothing is finished
                client.pause_s, client.open_at_most = UPLOAD_EVERY_S, 1000
        product.system.kill("inference")
        scene.start()
        not_ready = []
        ends_at = time.monotonic() + arguments.seconds
        _upload_to_a_new_process(product, scene)
        while time.monotonic() < ends_at:
            answer = requests.get(product.url + "/readyz", timeout=5)
            if answer.status_code != 200:
                not_ready.append(f"{answer.status_code} {answer.text[:100]}")
            time.sleep(1)
        accepted, edits, exports = (
            len(scene.notes.accepted),
            len(scene.notes.edits),
            scene.notes.exports,
        )
        hanging = scene.stop()
        product.system.start("inference")
        came_back = time.monotonic()
        verdict = judge(scene, receiver)
        verdict.hold("times the web tier was not ready", not_ready)
        verdict.hold("clients that hang", hanging)
        for what, count in (("uploads", accepted), ("edits", edits), ("exports", exports)):
            verdict.hold(f"kinds of work that stood still: {what}", [] if count else ["none"])
        verdict.hold("recordings with tries used up", _tries(scene.notes.accepted))
        found = {
            "drill": "away",
            "seconds": arguments.seconds,
            "on": product.kind,
            "done after, seconds": round(time.monotonic() - came_back),
            **verdict.found,
        }
        return report(found, verdict.broken)


def _upload_to_a_new_process(product: Product, scene: Scene) -> None:
    """It never asked the service what it has. Raises GaveUpError where it refuses."""
    product.system.start("web:2")
    uploading = next(each for each in scene.clients if isinstance(each, FileClient))
    new = FileClient(
        scene.notes,
        lambda: [product.system.url_of("web:2")],
        uploading.key,
        0,
        recording=scene.long,
    )
    new.act()


def _tries(accepted: list[tuple[str, str]]) -> list[str]:
    from transcripts.jobs.models import TranscriptionJob  # after django.setup()

    ids = [transcript_id for _, transcript_id in accepted]
    jobs = TranscriptionJob.objects.filter(transcript_id__in=ids, stalled_tries__gt=0)
    return [f"{job.transcript_id}: {job.stalled_tries}" for job in jobs]


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--seconds", type=float, default=300)
    sys.exit(main(made.parse_args()))
