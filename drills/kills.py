"""Random kills over every process while files, live sessions, edits, webhooks and exports run.

    python -m drills.kills --strikes 1000 [--minutes 60] [--seed 1] [--sqlite] [--delivered]

Two web processes, two of the workers that transcribe, two inference services, one of each other.
With leases as delivered, which are five times as long as a drill's, strikes come a fifth as often.
Promised: no accepted recording lost, no segment doubled, nothing charged twice, no live audio lost
and no live text taken back, every edit one revision, every completion announced, the ledger equal
to its sum.
"""

import argparse
import sys
import time

from drills.faults import Strikes
from drills.product import WORKERS, drilled_product, parser, report
from drills.scene import judge, set_scene
from tests.transcripts.webhooks.receiver import Receiver

LANES = (
    ("web", "web:2"),
    ("worker-short", "worker-bulk", "worker-bulk:2"),
    ("inference", "inference:2"),
    ("worker-housekeeping", "worker-webhooks", "worker-texts", "beat"),
)
ROLES = ("inference", "inference:2", *WORKERS, "worker-bulk:2", "beat", "web", "web:2")


def main(arguments: argparse.Namespace) -> int:
    with drilled_product(arguments, replicas=2) as product, Receiver() as receiver:
        product.system.start(*ROLES)
        scene = set_scene(product, receiver, seed=arguments.seed, webs=("web", "web:2"))
        began = time.monotonic()
        scene.start()
        until = began + arguments.minutes * 60
        strikes = Strikes(
            product,
            count=arguments.strikes,
            until=until,
            seed=arguments.seed,
            pace=5.0 if arguments.delivered else 1.0,
        )
        strikes.run(LANES)
        lasted_s = time.monotonic() - began
        with strikes.bringing_back(ROLES):
            hanging = scene.stop()
            verdict = judge(scene, receiver)
        verdict.hold("processes that did not come back", strikes.failures)
        verdict.hold("clients that hang", hanging)
        found = {
            "drill": "kills",
            "strikes": strikes.done.total(),
            "of": dict(sorted(strikes.done.items())),
            "ended by themselves": dict(sorted(strikes.restarted.items())),
            "seconds": round(lasted_s),
            "on": product.kind,
            **verdict.found,
        }
        return report(found, verdict.broken)


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--strikes", type=int, default=1000)
    made.add_argument("--minutes", type=float, default=90)
    sys.exit(main(made.parse_args()))
