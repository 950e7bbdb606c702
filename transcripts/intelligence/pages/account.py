"""`/account/processing/` and `/account/templates/…`: what is made of finished transcripts by
itself, and the account's own templates, as by `/api/v1/processing/` and `/api/v1/templates/`.
"""

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.intelligence.models import NoteTemplate
from transcripts.intelligence.outlines.fill import SOURCES
from transcripts.intelligence.outlines.find import (
    BUILT_IN_NAMES,
    MOST_INSTRUCTION,
    MOST_SECTIONS,
    MOST_TITLE,
    TemplateNotFoundError,
    check_sections,
    describe_built_in,
    get_template,
)
from transcripts.intelligence.outlines.variables import VARIABLES
from transcripts.intelligence.outlines.write import create_template, list_templates
from transcripts.intelligence.pages.panels import name_templates
from transcripts.intelligence.rules import describe_rules, write_rules
from transcripts.options import STEPS

_EMPTY_SECTIONS = 3
_NEW = "new"
STEP_NAMES: dict[str, Any] = {
    "summary": gettext_lazy("Brief summary"),
    "bullet_points": gettext_lazy("Bullet points"),
    "title": gettext_lazy("Title"),
    "action_items": gettext_lazy("Action items with owners and dates"),
    "chapters": gettext_lazy("Chapters"),
    "topics": gettext_lazy("Topics"),
    "questions": gettext_lazy("Questions and answers"),
    "sentiment": gettext_lazy("Sentiment"),
    "key_quotes": gettext_lazy("Key quotes"),
    "meeting_notes": gettext_lazy("Meeting notes"),
}
_SOURCE_NAMES: dict[str, Any] = {
    "passages": gettext_lazy("Passages like the title and the instruction"),
    "summary": gettext_lazy("Summary"),
    "action_items": gettext_lazy("Action items"),
    "decisions": gettext_lazy("Decisions"),
    "questions": gettext_lazy("Open questions"),
    "topics": gettext_lazy("Topics"),
    "quotes": gettext_lazy("Quotes"),
    "chapters": gettext_lazy("Chapters"),
    "speakers": gettext_lazy("Speakers"),
}


class TemplateForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_processing(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/processing/: the rules for all recordings and for those with a tag."""
    user = cast("User", request.user)
    problem = ""
    if request.method == "POST":
        try:
            write_rules(user, list(_read_rules(request.POST)))
        except ApiError as refusal:
            problem = refusal.sentence
        else:
            messages.success(request, _("Saved."))
            return redirect("account_processing")
    rules = _sent_rules(request.POST) if problem else _stored_rules(user)
    context = {
        "rules": rules,
        "problem": problem,
        "steps": [(step, STEP_NAMES[step]) for step in STEPS],
        "templates": name_templates(user),
        "own": list_templates(user),
        "built_in": list(BUILT_IN_NAMES.items()),
        "tab": "processing",
    }
    return render(request, "intelligence/processing.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_template(request: HttpRequest, template_id: str) -> HttpResponse:
    """GET, POST /account/templates/:id/: one of the account's own, or (`new`) one more, which may
    begin as a copy of a built-in one: `?from=meeting`."""
    user = cast("User", request.user)
    template = None if template_id == _NEW else _find(user, template_id)
    problem = ""
    form = TemplateForm(request.POST or None)
    if request.method == "POST":
        sections = _read_sections(request.POST)
        try:
            if form.is_valid():
                name = form.cleaned_data["name"]
                _store(user, template, name=name, sections=check_sections(sections))
                messages.success(request, _("Saved."))
                return redirect("account_processing")
        except ApiError as refusal:
            problem = refusal.sentence
    else:
        name, sections = _begin_with(template, request.GET.get("from", ""))
        form = TemplateForm(initial={"name": name})
    empty = [{"title": "", "instruction": "", "source": "passages"}] * _EMPTY_SECTIONS
    context = {
        "form": form,
        "template": template,
        "sections": [*sections, *empty][:MOST_SECTIONS],
        "sources": [(source, _SOURCE_NAMES[source]) for source in SOURCES],
        "variables": [f"{{{{{name}}}}}" for name in VARIABLES],
        "problem": problem,
        "most_title": MOST_TITLE,
        "most_instruction": MOST_INSTRUCTION,
        "tab": "processing",
    }
    return render(request, "intelligence/template.html", context)


@login_required
@require_POST
def delete_template(request: HttpRequest, template_id: str) -> HttpResponse:
    """POST /account/templates/:id/delete/: what was made by it stays."""
    _find(cast("User", request.user), template_id).delete()
    messages.success(request, _("The template is deleted."))
    return redirect("account_processing")


def _find(user: User, template_id: str) -> NoteTemplate:
    try:
        return get_template(user, template_id)
    except TemplateNotFoundError:
        raise Http404 from None


def _store(
    user: User, template: NoteTemplate | None, *, name: str, sections: list[dict[str, str]]
) -> None:
    if template is None:
        create_template(user, name=name, sections=sections)
        return
    template.name, template.sections = name, sections
    template.save(update_fields=["name", "sections", "updated_at"])


def _begin_with(template: NoteTemplate | None, source: str) -> tuple[str, list[dict[str, str]]]:
    if template is not None:
        return template.name, template.sections
    if source in BUILT_IN_NAMES:
        described = describe_built_in(source, language=get_language() or "en")
        return described["name"], described["sections"]
    return "", []


def _read_sections(sent: QueryDict) -> list[dict[str, str]]:
    """Return the sections whose title or instruction is not empty."""
    names = ("title", "instruction", "source")
    rows = zip(*(sent.getlist(name) for name in names), strict=False)
    sections = [dict(zip(names, row, strict=True)) for row in rows]
    return [each for each in sections if each["title"].strip() or each["instruction"].strip()]


def _read_rules(sent: QueryDict) -> Iterator[tuple[str, list[str], str]]:
    """Yield the rule for all, and those whose tag is not empty."""
    for rule in _sent_rules(sent):
        if rule["number"] == 0 or rule["tag"]:
            yield rule["tag"], rule["steps"], rule["template"]


def _sent_rules(sent: QueryDict) -> list[dict[str, Any]]:
    numbers = sorted(int(each) for each in sent.getlist("rule") if each.isdecimal())[:60]
    return [
        _describe_rule(
            number,
            "" if number == 0 else sent.get(f"tag-{number}", "").strip(),
            sent.getlist(f"steps-{number}"),
            sent.get(f"template-{number}", ""),
        )
        for number in numbers
    ]


def _stored_rules(user: User) -> list[dict[str, Any]]:
    """Return the rule for all, those for tags, and an empty one for a further tag."""
    stored = describe_rules(user)
    rules = [{"tag": "", **stored}, *stored["tags"]]
    rules.append({"tag": "", "auto_process": [], "template": ""})
    return [
        _describe_rule(number, rule["tag"], rule["auto_process"], rule["template"])
        for number, rule in enumerate(rules)
    ]


def _describe_rule(number: int, tag: str, steps: list[str], template: str) -> dict[str, Any]:
    return {"number": number, "tag": tag, "steps": steps, "template": template}
