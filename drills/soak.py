"""A mixed load for hours, nothing struck: memory and descriptors of every process stay flat.

    python -m drills.soak --minutes 240

Memory (resident) and open descriptors of each process are noted every ten seconds. Flat is: the
highest of the last quarter is at most 10 % and 25 MB above the highest of the second quarter (the
first is warming up), and so with 20 descriptors. All that `drills.kills` promises holds as well.
"""

import argparse
import contextlib
import sys
import time
from collections import defaultdict

import psutil

from drills.product import ROLES, Product, drilled_product, parser, report
from drills.scene import judge, set_scene
from tests.transcripts.webhooks.receiver import Receiver

EVERY_S = 10.0
GROWTH, GROWTH_BYTES, GROWTH_DESCRIPTORS = 1.10, 25_000_000, 20


def main(arguments: argparse.Namespace) -> int:
    with drilled_product(arguments) as product, Receiver() as receiver:
        product.system.start(*ROLES)
        scene = set_scene(product, receiver, seed=arguments.seed)
        scene.start()
        memory: dict[str, list[int]] = defaultdict(list)
        descriptors: dict[str, list[int]] = defaultdict(list)
        ends_at = time.monotonic() + arguments.minutes * 60
        while time.monotonic() < ends_at:
            for role in ROLES:
                resident, opened = _measure(product, role)
                memory[role].append(resident)
                descriptors[role].append(opened)
            time.sleep(EVERY_S)
        hanging = scene.stop()
        verdict = judge(scene, receiver)
        verdict.hold("clients that hang", hanging)
        verdict.hold("processes whose memory grows", _growing(memory, GROWTH, GROWTH_BYTES))
        verdict.hold(
            "processes whose descriptors grow", _growing(descriptors, 1, GROWTH_DESCRIPTORS)
        )
        found = {
            "drill": "soak",
            "on": product.kind,
            "minutes": arguments.minutes,
            "MB": {role: [each // 1_000_000 for each in _ends(memory[role])] for role in ROLES},
            "descriptors": {role: _ends(descriptors[role]) for role in ROLES},
            **verdict.found,
        }
        return report(found, verdict.broken)


def _measure(product: Product, role: str) -> tuple[int, int]:
    """Return resident bytes and descriptors of the process and its own children."""
    process = psutil.Process(product.system.pid(role))
    resident = opened = 0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            resident += each.memory_info().rss
            opened += each.num_fds()
    return resident, opened


def _ends(values: list[int]) -> list[int]:
    """Return the highest of the second and of the last quarter."""
    quarter = max(1, len(values) // 4)
    return [max(values[quarter : 2 * quarter] or values), max(values[-quarter:])]


def _growing(measured: dict[str, list[int]], factor: float, amount: int) -> list[str]:
    grown = []
    for role, values in measured.items():
        before, after = _ends(values)
        if after > before * factor + amount:
            grown.append(f"{role}: {before} to {after}")
    return grown


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--minutes", type=float, default=240)
    sys.exit(main(made.parse_args()))
