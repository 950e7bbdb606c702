"""1, 3, 1 inference replicas behind one name, while files and live sessions run.

    python -m drills.scale [--seconds 60]     of each phase

The replicas listen on loopback addresses of their own; the name is answered by a name server of the
drill. Promised: a new replica is busy within 30 s, a replica that ends costs nobody anything, and
all that `drills.kills` promises.
"""

import argparse
import sys
import time

import requests

from drills.product import WORKERS, Product, drilled_product, parser, report
from drills.scene import Scene, judge, set_scene
from tests.e2e.processes import free_port, wait_until
from tests.transcripts.inference.replicas import NAME, NameServer
from tests.transcripts.webhooks.receiver import Receiver

BUSY_WITHIN_S = 30.0
NAMES = ("inference", "inference:2", "inference:3")


def main(arguments: argparse.Namespace) -> int:
    names = NameServer()
    port = free_port()
    settings = {
        "STT_INFERENCE_TARGET": f"dns://127.0.0.1:{names.port}/{NAME}:{port}",
        "STT_INFERENCE_CONNECTION_S": "10",
    }
    with drilled_product(arguments, settings=settings) as product, Receiver() as receiver:
        for number, name in enumerate(NAMES, start=2):
            product.system.own_env[name] = {
                "STT_INFERENCE_LISTEN": f"127.0.0.{number}:{port}",
                "STT_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            }
        names.addresses = ["127.0.0.2"]
        product.system.start("inference", *WORKERS, "beat", "web")
        scene = set_scene(product, receiver, seed=arguments.seed)
        scene.start()
        time.sleep(arguments.seconds)
        waits_s = _grow(product, names)
        time.sleep(arguments.seconds)
        for name in NAMES[1:]:
            names.addresses.remove(_address(product, name))
            product.system.stop(name, within_s=90)
        time.sleep(arguments.seconds)
        return _judge(product, scene, receiver, waits_s)


def _grow(product: Product, names: NameServer) -> list[float]:
    """Start two more; returns how long each waited for its first window, in seconds."""
    product.system.start(*NAMES[1:])
    names.addresses += [_address(product, name) for name in NAMES[1:]]
    began = time.monotonic()
    waits_s = []
    for name in NAMES[1:]:
        wait_until(
            lambda name=name: _windows(product, name) > 0,  # type: ignore[misc]  # bound at once
            what=f"{name} is busy",
            within_s=4 * BUSY_WITHIN_S,
        )
        waits_s.append(time.monotonic() - began)
    return waits_s


def _address(product: Product, name: str) -> str:
    return product.system.own_env[name]["STT_INFERENCE_LISTEN"].partition(":")[0]


def _windows(product: Product, name: str) -> float:
    """Return how many windows a replica has recognised, by its own metrics."""
    listens = product.system.own_env[name]["STT_METRICS_LISTEN"]
    text = requests.get(f"http://{listens}/metrics", timeout=5).text
    lines = (line.split() for line in text.splitlines() if line.startswith("stt_windows_total"))
    return sum(float(value) for _, value in lines)


def _judge(product: Product, scene: Scene, receiver: Receiver, waits_s: list[float]) -> int:
    hanging = scene.stop()
    verdict = judge(scene, receiver)
    verdict.hold("clients that hang", hanging)
    late = [f"{wait:.1f} s" for wait in waits_s if wait > BUSY_WITHIN_S]
    verdict.hold("new replicas not busy within 30 s", late)
    found = {
        "drill": "scale",
        "on": product.kind,
        "new replicas busy after, seconds": [round(wait, 1) for wait in waits_s],
        **verdict.found,
    }
    return report(found, verdict.broken)


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--seconds", type=float, default=60)
    sys.exit(main(made.parse_args()))
