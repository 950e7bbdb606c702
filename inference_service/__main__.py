"""`python -m inference_service`: starts the service and stops it.

SIGTERM or SIGINT drains: new work is refused, health says NOT_SERVING, open sessions finish
within the grace period. A second signal ends it at once.
"""

import asyncio
import logging
import os
import signal
import sys

from inference_service.allocator import retain_freed_memory
from inference_service.config import BadConfigError, Config, read_config
from inference_service.logs import configure_logging

_LIBRARY_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

logger = logging.getLogger("inference_service")


def main() -> int:
    # Before numpy and onnxruntime are imported, which read it once. Threads are given out here by
    # stage (CTranslate2 is told its own number); a library's own pool would fight with them.
    for name in _LIBRARY_THREADS:
        os.environ.setdefault(name, "1")
    # A thread that has nothing to do sleeps: by default it spins for 200 ms, on a core that another
    # batch, the CPU stages or a process beside us could use (measured: a clip 2 × as fast).
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    retain_freed_memory()
    configure_logging()
    try:
        config = read_config()
    except BadConfigError as error:
        logger.error("event=bad_setting message=%r", str(error))  # a sentence, no traceback
        return 2
    return asyncio.run(_serve(config))


async def _serve(config: Config) -> int:
    from inference_service.assembly import assemble
    from inference_service.catalog import CatalogError
    from inference_service.device import UnusableDeviceError
    from inference_service.server import CannotListenError
    from inference_service.tracing import start_tracing

    end_tracing = start_tracing(config.otlp_url)
    try:
        server = assemble(config)
        await server.start()
    except (CatalogError, CannotListenError, UnusableDeviceError) as error:
        logger.error("event=cannot_start message=%r", str(error))
        return 2
    signals = _Signals()
    sys.stdout.write(f"inference service ready on {server.address}\n")
    sys.stdout.flush()
    await signals.first.wait()
    logger.info("event=draining grace_s=%g", config.drain_grace_s)
    draining = asyncio.create_task(server.drain())
    hurrying = asyncio.create_task(signals.second.wait())
    await asyncio.wait([draining, hurrying], return_when=asyncio.FIRST_COMPLETED)
    if signals.second.is_set():
        # A batch on the accelerator can't be interrupted, and Python would wait for its thread.
        logging.shutdown()
        os._exit(128 + signal.SIGTERM)
    await server.close()
    end_tracing()
    return 0


class _Signals:
    """The first and the second request to stop."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._apply_ended)

    def _apply_ended(self) -> None:
        (self.second if self.first.is_set() else self.first).set()


if __name__ == "__main__":
    sys.exit(main())
