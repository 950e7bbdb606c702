"""The CUDA libraries that come as Python packages, made known to CTranslate2.

CTranslate2 opens `libcublas.so.12` by its bare name when it first multiplies. The packages of
requirements/inference-gpu.txt lie in site-packages, where the dynamic loader does not search, and
LD_LIBRARY_PATH is read before Python runs. A library that is loaded already is found by its name.
"""

import ctypes
import importlib.util
import logging
from pathlib import Path

logger = logging.getLogger(__name__)

# In this order: the second needs the first.
_LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")


def preload_cublas() -> tuple[Path, ...]:
    """Load the package's libraries for the whole process; return those that were there.

    Where there is no such package, the system's own are left to the loader.
    """
    loaded = []
    for file in (folder / name for folder in _find_folders() for name in _LIBRARIES):
        if not file.is_file():
            continue
        try:
            ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            logger.warning("event=cuda_library_unusable path=%s error=%r", file, str(error))
        else:
            loaded.append(file)
    return tuple(loaded)


def _find_folders() -> list[Path]:
    try:
        found = importlib.util.find_spec("nvidia.cublas")
    except ModuleNotFoundError:
        return []
    locations = found.submodule_search_locations if found else None
    return [Path(location) / "lib" for location in locations or ()]
