"""What each key may do: every operation × scope, and that each names the scopes it needs."""

import itertools
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.authentication import ScopeError
from accounts.keys.cache import evict_keys
from accounts.keys.issue import OPERATE, SCOPES, issue_api_key
from accounts.models import RateWindow
from accounts.permissions import PUBLIC
from billing.admission import identify_caller
from billing.api.plain_views import scope_of_upload
from billing.models import Plan
from stt_web.core.documentation import documented_as
from stt_web.operations import api
from stt_web.operations.reports import ReportRunningError
from tests.accounts.key_throttle import reset_key_throttle
from tests.accounts.pages.people import member
from tests.accounts.people import client_with
from tests.stt_web.routes import METHODS, Route, list_routes
from tests.stt_web.world import PARTS, missing_ids

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

NONE, READ, MANAGE, BOTH = set[str](), {"read"}, {"manage"}, {"manage", "read"}
TRANSCRIPT = "api/v1/transcripts/<uuid:transcript_id>/"
ENHANCEMENT = "api/v1/enhancements/<uuid:enhancement_id>/"
WEBHOOK = "api/v1/webhooks/<uuid:endpoint_id>/"
# The design, operation by operation. What shows what `read` shows needs `read` as well.
DESIGN: dict[tuple[str, str], set[str]] = {
    ("GET", "v1/models"): NONE,
    ("GET", "v1/models/<str:model>"): NONE,
    ("GET", "v2/transcript"): READ,
    ("POST", "v2/transcript"): {"transcribe"},
    ("GET", "v2/transcript/<uuid:request_id>"): READ,
    ("DELETE", "v2/transcript/<uuid:request_id>"): BOTH,
    ("GET", "v2/transcript/<uuid:request_id>/sentences"): READ,
    ("GET", "v2/transcript/<uuid:request_id>/paragraphs"): READ,
    ("GET", "v2/transcript/<uuid:request_id>/word-search"): READ,
    ("GET", "v2/transcript/<uuid:request_id>/srt"): READ,
    ("GET", "v2/transcript/<uuid:request_id>/vtt"): READ,
    ("GET", "v2/transcript/<uuid:request_id>/redacted-audio"): READ,
    ("GET", "v2/redacted-audio"): NONE,
    ("GET", "v1/languages"): NONE,
    ("GET", "v1/formats"): NONE,
    ("GET", "api/v1/enhancements/"): READ,
    ("GET", ENHANCEMENT): READ,
    ("DELETE", ENHANCEMENT): MANAGE,
    ("GET", f"{ENHANCEMENT}audio/"): READ,
    ("GET", f"{ENHANCEMENT}events/"): READ,
    ("GET", "v1/voices"): NONE,
    ("POST", "v1/auth/grant"): {"transcribe"},
    ("POST", "v1/realtime/client_secrets"): {"transcribe"},
    ("POST", "v1/summarize"): {"transcribe"},
    ("POST", "v1/analyze"): {"transcribe"},
    ("POST", "v1/generate"): {"transcribe"},
    ("POST", "v1/embed"): {"transcribe"},
    ("POST", "v1/translate"): {"transcribe"},
    ("GET", "v1/translate/languages"): {"transcribe"},
    ("GET", "v1/uploads"): {"transcribe"},
    ("POST", "v1/uploads"): {"transcribe"},
    ("GET", "v1/uploads/<uuid:upload_id>"): {"transcribe"},
    ("PATCH", "v1/uploads/<uuid:upload_id>"): {"transcribe"},
    ("DELETE", "v1/uploads/<uuid:upload_id>"): {"transcribe"},
    ("GET", "api/v1/events/"): READ,
    ("GET", "api/v1/transcripts/"): READ,
    ("POST", "api/v1/transcripts/claim/"): BOTH,
    ("POST", "api/v1/transcripts/export/"): READ,
    ("GET", TRANSCRIPT): READ,
    ("PATCH", TRANSCRIPT): BOTH,
    ("DELETE", TRANSCRIPT): MANAGE,
    ("POST", f"{TRANSCRIPT}cancel/"): MANAGE,
    ("GET", f"{TRANSCRIPT}events/"): READ,
    ("GET", f"{TRANSCRIPT}export/lint/"): READ,
    ("GET", f"{TRANSCRIPT}export/<str:format_name>/"): READ,
    ("GET", f"{TRANSCRIPT}audio/"): READ,
    ("GET", f"{TRANSCRIPT}redacted-audio/"): READ,
    ("GET", f"{TRANSCRIPT}peaks/"): READ,
    ("GET", f"{TRANSCRIPT}review/"): READ,
    ("POST", f"{TRANSCRIPT}review/"): MANAGE,
    ("GET", f"{TRANSCRIPT}comments/"): READ,
    ("POST", f"{TRANSCRIPT}comments/"): BOTH,
    ("PATCH", f"{TRANSCRIPT}comments/<uuid:comment_id>/"): BOTH,
    ("DELETE", f"{TRANSCRIPT}comments/<uuid:comment_id>/"): MANAGE,
    ("GET", f"{TRANSCRIPT}changes/"): READ,
    ("GET", f"{TRANSCRIPT}occurrences/"): READ,
    ("POST", f"{TRANSCRIPT}replace/"): BOTH,
    ("POST", f"{TRANSCRIPT}revisions/<int:number>/revert/"): BOTH,
    ("GET", f"{TRANSCRIPT}shares/"): READ,
    ("POST", f"{TRANSCRIPT}shares/"): BOTH,
    ("DELETE", f"{TRANSCRIPT}shares/<uuid:share_id>/"): MANAGE,
    ("GET", f"{TRANSCRIPT}segments/"): READ,
    ("POST", f"{TRANSCRIPT}segments/merge/"): BOTH,
    ("POST", f"{TRANSCRIPT}segments/move-words/"): BOTH,
    ("PATCH", f"{TRANSCRIPT}segments/<str:key>/"): BOTH,
    ("DELETE", f"{TRANSCRIPT}segments/<str:key>/"): BOTH,
    ("POST", f"{TRANSCRIPT}segments/<str:key>/split/"): BOTH,
    ("POST", f"{TRANSCRIPT}gaps/<str:key>/"): BOTH,
    ("GET", f"{TRANSCRIPT}speakers/"): READ,
    ("POST", f"{TRANSCRIPT}speakers/"): BOTH,
    ("POST", f"{TRANSCRIPT}speakers/merge/"): BOTH,
    ("POST", f"{TRANSCRIPT}speakers/assign/"): BOTH,
    ("PATCH", f"{TRANSCRIPT}speakers/<int:number>/"): BOTH,
    ("GET", f"{TRANSCRIPT}diarize/"): READ,
    ("POST", f"{TRANSCRIPT}diarize/"): BOTH,
    ("DELETE", f"{TRANSCRIPT}embeddings/"): MANAGE,
    ("GET", f"{TRANSCRIPT}jobs/"): READ,
    ("POST", f"{TRANSCRIPT}jobs/"): {"transcribe", "manage", "read"},
    ("GET", f"{TRANSCRIPT}jobs/<uuid:job_id>/"): READ,
    ("DELETE", f"{TRANSCRIPT}jobs/<uuid:job_id>/"): MANAGE,
    ("POST", f"{TRANSCRIPT}summarize/"): BOTH,
    ("POST", f"{TRANSCRIPT}analyze/"): BOTH,
    ("POST", f"{TRANSCRIPT}generate/"): BOTH,
    ("POST", f"{TRANSCRIPT}translate/"): BOTH,
    ("GET", f"{TRANSCRIPT}chat/"): READ,
    ("POST", f"{TRANSCRIPT}chat/"): BOTH,
    ("GET", f"{TRANSCRIPT}chat/<uuid:chat_id>/"): READ,
    ("DELETE", f"{TRANSCRIPT}chat/<uuid:chat_id>/"): MANAGE,
    ("GET", f"{TRANSCRIPT}speaker-suggestions/"): READ,
    ("POST", f"{TRANSCRIPT}speaker-suggestions/"): BOTH,
    ("POST", f"{TRANSCRIPT}speaker-suggestions/dismiss/"): BOTH,
    ("GET", f"{TRANSCRIPT}results/"): READ,
    ("GET", f"{TRANSCRIPT}results/<uuid:result_id>/"): READ,
    ("GET", f"{TRANSCRIPT}results/<uuid:result_id>/export/<str:format_name>/"): READ,
    ("PATCH", f"{TRANSCRIPT}results/<uuid:result_id>/"): BOTH,
    ("DELETE", f"{TRANSCRIPT}results/<uuid:result_id>/"): MANAGE,
    ("GET", f"{TRANSCRIPT}revisions/"): READ,
    ("GET", f"{TRANSCRIPT}revisions/<int:number>/diff/"): READ,
    ("POST", f"{TRANSCRIPT}revisions/<int:number>/restore/"): BOTH,
    ("GET", "api/v1/chat/"): READ,
    ("POST", "api/v1/chat/"): BOTH,
    ("GET", "api/v1/chat/<uuid:library_chat_id>/"): READ,
    ("DELETE", "api/v1/chat/<uuid:library_chat_id>/"): MANAGE,
    ("GET", "api/v1/text-jobs/"): READ,
    ("GET", "api/v1/text-jobs/<uuid:text_job_id>/"): READ,
    ("DELETE", "api/v1/text-jobs/<uuid:text_job_id>/"): MANAGE,
    ("GET", "api/v1/voice-jobs/"): READ,
    ("GET", "api/v1/voice-jobs/<uuid:voice_job_id>/"): READ,
    ("DELETE", "api/v1/voice-jobs/<uuid:voice_job_id>/"): MANAGE,
    ("GET", "api/v1/voice-jobs/<uuid:voice_job_id>/audio/"): READ,
    ("GET", "api/v1/voice-consent/"): READ,
    ("PUT", "api/v1/voice-consent/"): MANAGE,
    ("DELETE", "api/v1/voice-consent/"): MANAGE,
    ("GET", "api/v1/templates/"): READ,
    ("POST", "api/v1/templates/"): MANAGE,
    ("GET", "api/v1/templates/<str:template_id>/"): READ,
    ("PUT", "api/v1/templates/<str:template_id>/"): MANAGE,
    ("DELETE", "api/v1/templates/<str:template_id>/"): MANAGE,
    ("GET", "api/v1/glossary/"): READ,
    ("PUT", "api/v1/glossary/"): MANAGE,
    ("GET", "api/v1/transcripts/<uuid:transcript_id>/glossary-fixes/"): READ,
    ("GET", "api/v1/processing/"): READ,
    ("PUT", "api/v1/processing/"): MANAGE,
    ("GET", "api/v1/cloud/"): READ,
    ("GET", "api/v1/retention/"): READ,
    ("PUT", "api/v1/retention/"): MANAGE,
    ("GET", "api/v1/webhooks/"): READ,
    ("POST", "api/v1/webhooks/"): BOTH,
    ("GET", WEBHOOK): READ,
    ("PATCH", WEBHOOK): BOTH,
    ("DELETE", WEBHOOK): MANAGE,
    ("POST", f"{WEBHOOK}secret/rotate/"): MANAGE,
    ("POST", f"{WEBHOOK}test/"): BOTH,
    ("GET", f"{WEBHOOK}deliveries/"): READ,
    ("GET", f"{WEBHOOK}deliveries/<uuid:delivery_id>/"): READ,
    ("POST", f"{WEBHOOK}deliveries/<uuid:delivery_id>/replay/"): BOTH,
    ("GET", "api/v1/operator/doctor/"): {OPERATE},
    ("POST", "api/v1/operator/bench/"): {OPERATE},
    ("GET", "api/v1/operator/models/"): {OPERATE},
    ("POST", "api/v1/operator/models/pull/"): {OPERATE},
    ("GET", "api/v1/keys/"): READ,
    ("POST", "api/v1/keys/"): MANAGE,
    ("DELETE", "api/v1/keys/<str:key_id>/"): MANAGE,
    ("GET", "api/v1/account/"): READ,
    ("PUT", "api/v1/account/"): BOTH,
    ("GET", "api/v1/usage/"): READ,
    ("GET", "api/v1/billing/plans/"): NONE,
    ("POST", "api/v1/billing/checkout/"): MANAGE,
    ("POST", "api/v1/billing/portal/"): BOTH,
    ("GET", "api/v1/billing/invoices/"): READ,
    ("GET", "api/v1/billing/invoices/<str:invoice_id>/"): READ,
    ("POST", "api/v1/billing/stripe/webhook/"): NONE,  # signed by Stripe
}
# Whose sender is known before the body is read, by `stt_web.core.asgi.upload_layer`.
INGESTED = (
    "v1/transcribe",
    "v1/enhance-audio",
    "v1/tts",
    "v1/audio/transcriptions",
    "v1/audio/translations",
    "v1/listen",
    "v2/upload",
    "asr",
    "detect-language",
    "api/v1/transcripts/import/",
)
# The scopes of a key: each set of them, but that of operators, which goes with no other.
PERSONAL = [scope for scope in SCOPES if scope != OPERATE]
KEYS = [
    frozenset(chosen)
    for size in range(1, len(PERSONAL) + 1)
    for chosen in itertools.combinations(PERSONAL, size)
] + [frozenset({OPERATE}), frozenset(SCOPES)]


def api_operations() -> Iterator[tuple[str, Route]]:
    """Every method that an address of the API answers by something else than 405."""
    client = client_with("")
    for route in list_routes():
        if not route.is_api or route.path in INGESTED:
            continue
        view = getattr(route.view, "view_class", None) or getattr(route.view, "cls", None)
        for method in set(METHODS) - {"HEAD", "OPTIONS"}:
            if view is not None and hasattr(view, method.lower()):
                yield method, route
            elif view is None:
                answer = client.generic(method, path_of(route), headers={"Authorization": ""})
                if answer.status_code != 405:
                    yield method, route


def scopes_of(route: Route, method: str) -> set[str] | None:
    """Return what the view names, as `HasScope`, `needs` and `takes_upload` enforce it; None where
    it names nothing.
    """
    view = getattr(route.view, "view_class", None) or getattr(route.view, "cls", None)
    declared = getattr(route.view, "scopes", None) or getattr(view, "scopes", {})
    if method not in declared:
        return None
    named = declared[method] if declared[method] is not PUBLIC else ()
    return {named} if isinstance(named, str) else set(named)


def path_of(route: Route) -> str:
    ids = missing_ids() | {"key": "0123456789abcdef"} | PARTS
    return route.fill(ids)


@pytest.fixture(autouse=True)
def _no_limits(settings: Settings) -> None:
    Plan.objects.update(requests_per_minute=0)
    RateWindow.objects.all().delete()
    reset_key_throttle()
    evict_keys()


def test_every_operation_of_the_api_states_what_it_needs() -> None:
    """A new one fails here until its scopes are written above."""
    found = {(method, route.path) for method, route in api_operations()}

    assert found == set(DESIGN)


def test_every_view_names_the_scopes_of_the_design() -> None:
    """One that names none, for a method that it answers, fails here."""
    declared = {
        (method, route.path): scopes_of(route, method) for method, route in api_operations()
    }

    assert declared == DESIGN


@pytest.mark.parametrize("path", INGESTED)
def test_an_uploads_view_names_its_scope_and_is_let_in_by_it(path: str) -> None:
    route = next(each for each in list_routes() if each.path == path)

    assert scopes_of(route, "POST") == {"transcribe"} == {scope_of_upload(f"/{path}")}


def test_a_view_that_names_no_scope_is_found() -> None:
    class Nameless(APIView):
        def get(self, request: Request) -> Response:
            return Response()

    async def nameless(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    class Partly(Nameless):
        scopes = {"POST": "manage"}

    for view in (Nameless.as_view(), documented_as(Nameless)(nameless), Partly.as_view()):
        assert scopes_of(Route("api/v1/nameless/", (), view), "GET") is None


def test_a_view_without_scopes_lets_no_one_in() -> None:
    class Nameless(APIView):
        def get(self, request: Request) -> Response:
            raise AssertionError("was let in")

    _, raw = issue_api_key(member("ann@example.com"), name="wide")
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {raw}"})
    with pytest.raises(AttributeError, match="scopes"):
        Nameless.as_view()(request)


def test_a_head_needs_what_a_get_needs() -> None:
    _, raw = issue_api_key(member("ann@example.com"), name="narrow", scopes=["manage"])
    client = client_with(raw)
    read = [path for (method, path), needed in DESIGN.items() if method == "GET" and needed]

    answers = {
        path: client.head(path_of(next(each for each in list_routes() if each.path == path)))
        for path in read
    }

    no_head = {
        f"{TRANSCRIPT}events/": 405,
        f"{ENHANCEMENT}events/": 405,
        "api/v1/events/": 405,
    }
    statuses = {path: answer.status_code for path, answer in answers.items()}
    assert statuses == dict.fromkeys(read, 403) | no_head


def test_a_method_that_a_view_lacks_is_405_to_whom_the_view_is_open() -> None:
    anyone = Client()

    assert anyone.post("/api/v1/billing/plans/").status_code == 405
    assert anyone.get("/api/v1/billing/stripe/webhook/").status_code == 405
    assert anyone.put("/api/v1/usage/").status_code == 401


def refuse_report(*_: str, within_s: float) -> NoReturn:
    raise ReportRunningError


@pytest.mark.parametrize("scopes", KEYS, ids=lambda scopes: "+".join(sorted(scopes)))
def test_a_key_does_what_its_scopes_let_it_and_nothing_else(
    scopes: frozenset[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "run_report", refuse_report)  # minutes, and not this test's
    owner = member("ann@example.com", is_staff=OPERATE in scopes)
    _, raw = issue_api_key(owner, name="narrow", scopes=sorted(scopes))
    client = client_with(raw)
    client.raise_request_exception = False
    wrong = []
    for (method, path), needed in DESIGN.items():
        if path.startswith("v1/models") or path in ("v1/voices", "v1/translate/languages"):
            continue  # ask the inference service
        route = next(each for each in list_routes() if each.path == path)
        answer = client.generic(method, path_of(route), "{}", content_type="application/json")
        refused = answer.status_code == 403 and code_of(answer) == "missing_scope"
        if refused is (needed <= scopes):
            wrong.append(f"{method} {path}: {answer.status_code} {answer.content[:80]!r}")
        away = ("not_configured", "inference_unavailable")
        if answer.status_code >= 500 and code_of(answer) not in away:
            wrong.append(f"{method} {path}: {answer.status_code} {answer.content[:80]!r}")
    assert wrong == []


@pytest.mark.parametrize("scope", SCOPES)
def test_an_upload_needs_transcribe(scope: str) -> None:
    owner = member("ann@example.com", is_staff=scope == OPERATE)
    _, raw = issue_api_key(owner, name="narrow", scopes=[scope])
    request: Any = {
        "type": "http",
        "path": "/v1/transcribe",
        "client": ("192.0.2.1", 1),
        "headers": [(b"authorization", f"Bearer {raw}".encode())],
    }
    if scope == "transcribe":
        assert identify_caller(request, needed_scope="transcribe").principal.api_key is not None
    else:
        with pytest.raises(ScopeError):
            identify_caller(request, needed_scope="transcribe")


def code_of(answer: Any) -> str:
    """Return the stable name of an error, which OpenAI's shape has within `error`."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return ""
    answered = answer.json()
    error = answered.get("error")
    return str((error if isinstance(error, dict) else answered).get("code", ""))
