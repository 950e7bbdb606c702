"""The Hugging Face hub, by its own client, which shows progress and goes on where it stopped."""

import functools
import os
import shutil
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from inference_service.catalog.entries import CatalogueModel, HubRepository
from inference_service.catalog.sources.source import Report, SourceError

_ANSWERS_WITHIN_S = 4.0
_CONNECT_TIMEOUT_S = 10.0
_USUAL_ENDPOINT = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class HubSource:
    repository: str
    revision: str

    @property
    def name(self) -> str:
        return f"{endpoint()}/{self.repository}"

    def fetch(self, model: CatalogueModel, folder: Path, *, report: Report) -> None:
        reason = find_fault(endpoint())
        if reason:
            raise SourceError(reason)
        report(f"Fetching {model.size_bytes / 1e6:.0f} MB from {self.name}.")
        own = HubRepository(self.repository, self.revision)
        for repository in dict.fromkeys(file.hub or own for file in model.files):
            files = [file for file in model.files if (file.hub or own) == repository]
            self._download(repository, [file.hub_path or file.name for file in files], folder)
            for file in files:
                if file.hub_path:
                    (folder / file.hub_path).replace(folder / file.name)
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # the client's notes

    def _download(self, repository: HubRepository, names: list[str], folder: Path) -> None:
        import httpx2
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError

        try:
            snapshot_download(
                repository.name,
                revision=repository.revision,
                local_dir=folder,
                allow_patterns=names,
                etag_timeout=_CONNECT_TIMEOUT_S,
                endpoint=endpoint(),
            )
        except (OSError, ValueError, HfHubHTTPError, httpx2.HTTPError) as error:
            raise SourceError(f"{repository.name} broke off ({type(error).__name__}).") from error


def try_endpoint(endpoint: str) -> str:
    """Return a sentence if the hub doesn't answer, or nothing.

    Takes 4 s at most, also where a name server is silent, which no socket timeout covers.
    """
    if not endpoint.startswith(("https://", "http://")):
        return f"HF_ENDPOINT is {endpoint!r}, which is no address."
    found: list[str] = []
    probe = threading.Thread(target=lambda: found.append(_fetch_status(endpoint)), daemon=True)
    probe.start()
    probe.join(_ANSWERS_WITHIN_S)
    return found[0] if found else f"{endpoint} does not answer."


@functools.lru_cache(maxsize=4)
def find_fault(endpoint: str) -> str:
    """`try_endpoint`, known at once the second time."""
    return try_endpoint(endpoint)


def _fetch_status(endpoint: str) -> str:
    request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310  # checked by the caller
    try:
        urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN_S).close()  # noqa: S310
    except urllib.error.HTTPError:
        return ""  # it answers, with any status
    except (OSError, ValueError) as error:
        return f"{endpoint} does not answer ({getattr(error, 'reason', error)})."
    return ""


def endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or _USUAL_ENDPOINT
