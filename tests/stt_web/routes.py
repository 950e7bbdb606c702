"""Every address of the system, read from the URL table: a new one is tested by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from stt_web.core.api_paths import API_PATHS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Whose views are a library's: allauth's own tests, and Django's for its admin.
_OF_LIBRARIES = ("allauth.", "django.contrib.admin", "django.views.generic")


@dataclass(frozen=True)
class Route:
    path: str  # as in the table: `transcripts/<uuid:transcript_id>/`
    parameters: tuple[str, ...]
    view: Any

    def __str__(self) -> str:
        return self.path

    @property
    def is_api(self) -> bool:
        return f"/{self.path}".startswith(API_PATHS)

    def fill(self, values: dict[str, str]) -> str:
        path = self.path
        for name in self.parameters:
            start = path.index("<")
            end = path.index(">") + 1
            assert path[start:end].rpartition(":")[2].strip("<>") == name
            path = path[:start] + values[name] + path[end:]
        return "/" + path


def list_routes() -> list[Route]:
    return [route for route in _walk("", get_resolver().url_patterns) if _is_ours(route)]


def _walk(prefix: str, patterns: list[URLPattern | URLResolver]) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(path, pattern.url_patterns)
        else:
            names = tuple(part.partition(">")[0].rpartition(":")[2] for part in path.split("<")[1:])
            yield Route(path, names, pattern.callback)


def _is_ours(route: Route) -> bool:
    view = getattr(route.view, "view_class", None) or getattr(route.view, "cls", route.view)
    return not str(view.__module__).startswith(_OF_LIBRARIES) and not route.path.startswith("admin")
