"""`{% local_mail as mail %}`: whether mail is sent, and a link that is shown in its place."""

from typing import Any

from django import template

from accounts.pages.local_mail import LocalMail, read_local_mail

register = template.Library()


@register.simple_tag(takes_context=True)
def local_mail(context: dict[str, Any]) -> LocalMail:
    return read_local_mail(context["request"])
