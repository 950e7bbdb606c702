"""The web tier measured: how fast it takes bytes, and how fast it lists and searches."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from django.db.models import Count
from django.http import HttpRequest, QueryDict
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import User
from accounts.principals import Principal
from stt_web.operations.bench.budget import Budget
from stt_web.operations.bench.figures import Figure, quantile
from stt_web.operations.bench.server import MeasuredServer, check_status
from transcripts.api.transcripts import TranscriptListView
from transcripts.models import Transcript

_MB = 1_000_000
_FIRST_MB, _MOST_MB, _UPLOADS = 8, 200, 3
_LISTS = 100
# Common in many languages' transcripts, alone and together; none is of the installation's own.
_SEARCHES = (
    *("the", "and", "you", "is", "to", "je", "na", "und", "die", "de", "la", "que"),
    *("hello", "recording", "work*", "meet*", "thank you", "good morning", '"and the"', "zzyzx"),
)


def measure_upload(server: MeasuredServer, budget: Budget) -> Figure:
    """Bytes that are no recording: they come in and are written as any, then are refused.

    Raises OSError, StatusError.
    """
    rate = _send(server, _FIRST_MB, budget)
    size_mb = int(min(_MOST_MB, max(_FIRST_MB, rate * budget.left_s() / (_UPLOADS + 2))))
    rates = [_send(server, size_mb, budget)]
    while len(rates) < _UPLOADS and budget.left_s() > 1.5 * size_mb / min(rates):
        rates.append(_send(server, size_mb, budget))
    return Figure(
        name="upload",
        value=round(statistics.median(rates), 1),
        unit="MB/s",
        detail=f"{size_mb} MB, {len(rates)} times: {min(rates):.1f} to {max(rates):.1f}",
    )


def _send(server: MeasuredServer, size_mb: int, budget: Budget) -> float:
    """Return MB a second, until it is refused: it is not audio."""
    began = time.perf_counter()
    status = server.transcribe(bytes(size_mb * _MB), timeout_s=budget.left_s() + 5)
    took_s = time.perf_counter() - began
    check_status(status, expected=400)
    return size_mb / took_s


def measure_library(
    budget: Budget, *, lists: int = _LISTS, searches: int = 2 * len(_SEARCHES)
) -> Iterator[Figure]:
    """List and search of the account with the most transcripts, in this process; only reading.

    Counted is the view's time, without the socket's. What is found is not shown. Raises
    django.db.Error.
    """
    most = (
        Transcript.objects.exclude(owner=None)
        .values("owner")
        .annotate(transcripts=Count("pk"))
        .order_by("-transcripts")
        .first()
    )
    if most is None:
        return
    owner = User.objects.get(pk=most["owner"])
    library = f"of the account with the most transcripts ({most['transcripts']})"
    ask = _asking(owner)
    ask("")  # the connection and the code are warm
    listed_s = [ask("") for _ in range(lists) if not budget.is_over]
    yield _figure("list", listed_s, f"the newest 20 {library}")
    words = itertools.islice(itertools.cycle(_SEARCHES), searches)
    searched_s = [ask(word) for word in words if not budget.is_over]
    yield _figure("search", searched_s, f"words that are common, and a rare one, {library}")


def _figure(name: str, times_s: list[float], detail: str) -> Figure:
    """Raises TimeoutError where there was no time for a single one."""
    if not times_s:
        raise TimeoutError
    return Figure(
        name=name,
        value=round(1000 * quantile(times_s, 0.95), 1),
        unit="ms, p95",
        detail=f"{detail}: p50 {1000 * quantile(times_s, 0.5):.1f} ms of {len(times_s)}",
    )


def _asking(owner: User) -> Callable[[str], float]:
    """Return what asks the list's view as its owner would, and returns how long it took."""
    principal = Principal(user=owner)

    class AsOwner(BaseAuthentication):
        def authenticate(self, request: Request) -> tuple[User, Principal]:
            return owner, principal

    view = TranscriptListView.as_view(authentication_classes=[AsOwner], throttle_classes=[])

    def ask(search: str) -> float:
        request = HttpRequest()
        request.method, request.path = "GET", "/api/v1/transcripts/"
        request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1"}
        request.META["QUERY_STRING"] = urlencode({"search": search} if search else {})
        request.GET = QueryDict(request.META["QUERY_STRING"])
        began = time.perf_counter()
        view(request).render()
        return time.perf_counter() - began

    return ask
