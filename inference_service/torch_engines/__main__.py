"""`python -m inference_service.torch_engines`: starts the process and stops it.

SIGTERM or SIGINT: calls in flight are cut off (whoever asked falls back or asks again), the socket
is removed. Importing torch and what builds on it takes 5 to 30 s; it is done before the socket is
there, so that who is served is served at once.
"""

import asyncio
import logging
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING

from inference_service.catalog import CatalogError
from inference_service.config import BadConfigError, Config, read_config
from inference_service.logs import configure_logging
from inference_service.torch_engines.isolation import isolate

if TYPE_CHECKING:
    from inference_service.torch_engines.server import TorchServer

logger = logging.getLogger("inference_service.torch_engines")

_LONGEST_SOCKET_PATH = 107  # <linux/un.h>, without the zero at its end


def main() -> int:
    configure_logging()
    for name in ("matplotlib", "numba", "pocket_tts"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        config = read_config()
        path = str(config.torch_socket)
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            raise BadConfigError(
                f"The path of a socket may have {_LONGEST_SOCKET_PATH} bytes, and {path} has more:"
                " set STT_TORCH_SOCKET to a shorter one."
            )
        isolate(config)
    except BadConfigError as error:
        logger.error("event=bad_setting message=%r", str(error))  # a sentence, no traceback
        return 2
    try:
        with warnings.catch_warnings():
            # torchcodec lacks FFmpeg's libraries, and reads no files here; pkg_resources is old.
            warnings.simplefilter("ignore")
            from inference_service.torch_engines.server import TorchServer
    except ImportError as error:
        logger.error(
            "event=cannot_start message=%r",
            f"The torch engines are not installed in this environment ({error}): make torch",
        )
        return 2
    return asyncio.run(_serve(config, TorchServer))


async def _serve(config: Config, make_server: "type[TorchServer]") -> int:
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    try:
        server = make_server(config)
        await server.start()
    except (OSError, CatalogError) as error:
        logger.error("event=cannot_start message=%r", str(error))
        return 2
    sys.stdout.write(f"torch engines ready on {config.torch_socket}\n")
    sys.stdout.flush()
    await asked_to_stop.wait()
    await server.close()
    # A thread inside torch can't be interrupted, and Python would wait for it.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
