"""Clocks that jump, of single processes and of all, an hour forth and back, under load.

    python -m drills.clocks [--seconds 120]

Needs libfaketime (Debian's `faketime`): the processes' wall clock is that of a file each, their
monotonic clock is left alone, as the kernel leaves it. Promised: what `drills.kills` promises.
A database server has a clock of its own, which stays right.
"""

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from drills.product import ROLES, drilled_product, parser, report
from drills.scene import judge, set_scene
from tests.transcripts.webhooks.receiver import Receiver

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
JUMPS_S = (-3600, -600, -30, 30, 600, 3600)


def main(arguments: argparse.Namespace) -> int:
    if not LIBRARY.exists():
        print(f"{LIBRARY} is not there: apt-get install faketime", file=sys.stderr)
        return 2
    chance = random.Random(arguments.seed)
    with drilled_product(arguments) as product, Receiver() as receiver:
        clocks = {}
        for role in ROLES:
            clocks[role] = product.system.folder / f"clock-{role}"
            clocks[role].write_text("+0s\n")
            product.system.own_env[role] = {
                "LD_PRELOAD": str(LIBRARY),
                "FAKETIME_TIMESTAMP_FILE": str(clocks[role]),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        product.system.start(*ROLES)
        scene = set_scene(product, receiver, seed=arguments.seed)
        scene.start()
        jumps: Counter[str] = Counter()
        ends_at = time.monotonic() + arguments.seconds
        while time.monotonic() < ends_at:
            jump = chance.choice(JUMPS_S)
            roles = ROLES if chance.random() < 0.3 else (chance.choice(ROLES),)
            for role in roles:
                clocks[role].write_text(f"{jump:+d}s\n")
            jumps["all" if len(roles) > 1 else roles[0]] += 1
            time.sleep(chance.uniform(3, 8))
        for clock in clocks.values():
            clock.write_text("+0s\n")
        hanging = scene.stop()
        verdict = judge(scene, receiver)
        verdict.hold("clients that hang", hanging)
        found = {
            "drill": "clocks",
            "on": product.kind,
            "jumps": dict(jumps),
            **verdict.found,
        }
        return report(found, verdict.broken)


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--seconds", type=float, default=120)
    sys.exit(main(made.parse_args()))
