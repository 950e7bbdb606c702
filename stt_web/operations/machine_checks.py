"""Checks of settings and machine: names, contradictions, secret files, disk, memory, FFmpeg."""

import difflib
import ipaddress
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import av
from django.conf import settings

from stt_web.core.running_system import RUN_FILE
from stt_web.operations.findings import Diagnosis, failure, ok, warning
from stt_web.operations.known_settings import KNOWN_SETTINGS

# What compose.yaml and the installation (Makefile) are given, not the product.
_OF_OTHERS = re.compile(r"STT_(TEST_.*|[A-Z]+_MEMORY|DOMAIN|TORCH_DEVICE|TORCH_F5|VENV|GPU_FILE)\Z")
# 8.1.2 closes CVE-2026-8461; older lines have it in 8.0.3 and 7.1.5.
LEAST_FFMPEG = (8, 1, 2)
_LOW_BYTES, _FEW_BYTES = 2_000_000_000, 10_000_000_000
_SECRET_FILES = ("secret-key", "inference-token", "api-key", RUN_FILE)


def check_settings(environ: Mapping[str, str] = os.environ) -> Iterator[Diagnosis]:
    unknown = [
        name
        for name in sorted(environ)
        if name.startswith("STT_") and name not in KNOWN_SETTINGS and not _OF_OTHERS.match(name)
    ]
    for name in unknown:
        near = difflib.get_close_matches(name, KNOWN_SETTINGS, n=1)
        cure = f"Write {near[0]}." if near else "Remove it; docs/operating.md lists every setting."
        yield warning("settings", f"{name} is no setting, and has no effect.", cure)
    contradictions = list(_find_contradictions())
    yield from contradictions
    if not unknown and not contradictions:
        yield ok("settings", "They are known and agree with each other.")


def _find_contradictions() -> Iterator[Diagnosis]:
    is_public = settings.PUBLIC_URL.startswith("https://")
    if is_public and not settings.TRUSTED_PROXIES:
        yield warning(
            "settings",
            "STT_PUBLIC_URL is https, but no proxy is trusted: all guests count as one address.",
            "Set STT_TRUSTED_PROXIES to the network of the proxy that ends TLS.",
        )
    if settings.PUBLIC_URL and settings.IS_SIGNUP_OPEN and "console" in settings.EMAIL_BACKEND:
        yield failure(
            "settings",
            "Anyone may sign up, but no mail leaves: no one gets a confirmation or a reset.",
            "Set STT_EMAIL_URL, or STT_SIGNUP_OPEN=false.",
        )
    if is_remote(settings.INFERENCE_TARGET) and not settings.INFERENCE_TOKEN:
        yield failure(
            "settings",
            "The inference service is on another machine and no token is set: it takes any caller.",
            "Set STT_INFERENCE_TOKEN to the same long random text on both sides.",
        )
    if settings.DEBUG and settings.PUBLIC_URL:
        yield failure(
            "settings",
            "STT_DEBUG shows the insides of faults to every visitor.",
            "Remove STT_DEBUG.",
        )
    is_shared = settings.CELERY_BROKER_URL.startswith(("redis", "amqp"))
    if is_shared and "InMemory" in str(settings.CHANNEL_LAYERS["default"]["BACKEND"]):
        yield warning(
            "settings",
            "Processes can't wake each other: what waits learns of changes seconds late.",
            "Set STT_CHANNEL_LAYER_URL=redis://…, the same for web and workers.",
        )


def is_remote(target: str) -> bool:
    """Return whether any address of a gRPC target is another machine, as far as it says."""
    parts = [part.rpartition("/")[2].strip() for part in target.split(",")]
    hosts = [part.rpartition(":")[0].strip("[]") or part for part in parts]
    return any(not _is_here(host) for host in hosts if not target.startswith("unix:"))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_secrets() -> Iterator[Diagnosis]:
    """Files with secrets are their user's alone."""
    paths = [settings.DATA_DIR / name for name in _SECRET_FILES]
    open_ones = [path for path in paths if path.exists() and path.stat().st_mode & 0o077]
    for path in open_ones:
        yield failure("secrets", f"{path} can be read by others.", f"chmod 600 {path}")
    if not open_ones:
        yield ok("secrets", "Files with secrets are readable by their user only.")


def check_disk(folder: Path | None = None, *, free_bytes: int | None = None) -> Iterator[Diagnosis]:
    """Room and inodes where recordings lie."""
    folder = folder or Path(settings.MEDIA_ROOT)
    if not folder.is_dir():
        if folder.parent.is_dir() and os.access(folder.parent, os.W_OK):
            yield ok("disk", f"{folder} will be made with the first recording.")
            return
        yield failure("disk", f"{folder} is not there.", "Mount it, or set STT_MEDIA_DIR.")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield failure("disk", f"{folder} can't be written.", f"chown it to user {os.getuid()}.")
    free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    stats = os.statvfs(folder)
    sentence = f"{free / 1e9:.1f} GB are free for recordings in {folder}."
    cure = "Make room, move STT_MEDIA_DIR to a larger disk, or shorten what accounts retain."
    if free < _LOW_BYTES:
        yield failure("disk", sentence, cure)
    elif free < _FEW_BYTES:
        yield warning("disk", sentence, cure)
    else:
        yield ok("disk", sentence)
    if stats.f_files and stats.f_favail < 10_000:
        yield failure("disk", f"Only {stats.f_favail} files can still be made there.", cure)


def check_memory(
    meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")
) -> Iterator[Diagnosis]:
    """Of the machine, or of the container where that has less."""
    if not meminfo.exists():
        return
    lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    available_mb = int(lines["MemAvailable"].split()[0]) // 1024
    sentence = f"{available_mb} MB of memory are available."
    of_container = _container_mb(cgroup)
    if of_container is not None and of_container < available_mb:
        available_mb = of_container
        sentence = f"{available_mb} MB of memory are available to this container."
    if available_mb < 500:
        yield failure("memory", sentence, "Stop something, fewer slots, or a smaller model.")
    elif available_mb < 1500:
        yield warning("memory", sentence, "A model of 1 GB would not load any more.")
    else:
        yield ok("memory", sentence)


def _container_mb(cgroup: Path) -> int | None:
    """Return what a container may still take (cgroup v2; what the kernel would give back of files
    counts as free), None where it has no limit."""
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        used = int((cgroup / "memory.current").read_text())
        stats = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if not limit.isdigit():
        return None
    return max(0, int(limit) - used + int(stats.get("inactive_file", 0))) // 2**20


def check_ffmpeg(version: str | None = None) -> Iterator[Diagnosis]:
    """FFmpeg reads what strangers send: its version matters."""
    version = version or str(av.ffmpeg_version_info)
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers >= LEAST_FFMPEG:
        yield ok("ffmpeg", f"FFmpeg {version} reads the recordings.")
    else:
        least = ".".join(map(str, LEAST_FFMPEG))
        yield failure(
            "ffmpeg",
            f"FFmpeg {version} has known holes; {least} is the least.",
            "Install the locked packages again: git pull && make run, or rebuild the images.",
        )
