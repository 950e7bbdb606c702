"""POST `/transcripts/export/`: from the list to one archive, as by the API's bulk export.

A form's answer, so that the browser itself saves it while it is written, however long it is.
"""

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.services.sessions import load_session_user
from stt_web.core.errors import ApiError
from transcripts.exports.archive import answer_archive, find_ids
from transcripts.exports.requested import read_export_options
from transcripts.exports.waiting import check_format
from transcripts.filters import FILTERS

_NARROWING = ("search", *FILTERS)


@login_required
@require_POST
def export_chosen(request: HttpRequest) -> HttpResponseBase:
    """The selected ones (`which` = selected, `ids`), or all that the list's filters let through."""
    asked: dict[str, object] = {
        name: value for name in _NARROWING if (value := request.POST.get(name, ""))
    }
    format_name = request.POST.get("format", "")
    try:
        check_format(format_name)
        ids = _find(request, asked)
    except ApiError as error:
        return _back(request, asked, problem=error.sentence)
    if not ids:
        return _back(request, asked, problem=_("None of these transcripts is ready to download."))
    return answer_archive(
        ids,
        format_name,
        read_export_options({}),
        is_allowed=lambda: load_session_user(request.session.session_key) is not None,
    )


def _find(request: HttpRequest, asked: dict[str, object]) -> list[UUID]:
    """Raises ApiError."""
    if request.POST.get("which") != "selected":
        return find_ids(cast("User", request.user), asked)
    selected = request.POST.getlist("ids")
    if not selected:
        raise ApiError(_("Select the transcripts to download first."))
    return find_ids(cast("User", request.user), {"ids": selected})


def _back(request: HttpRequest, asked: dict[str, object], *, problem: str) -> HttpResponseBase:
    messages.error(request, problem)
    query = urlencode(asked)
    return redirect(f"{reverse('transcripts')}?{query}" if query else reverse("transcripts"))
