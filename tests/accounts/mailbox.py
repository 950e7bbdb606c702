"""What came by mail: sends what waits, as the worker does, and reads what arrived."""

import re
from urllib.parse import urlsplit

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.mail.outbox import sweep_mail


def deliver() -> list[EmailMultiAlternatives]:
    """Send what waits; return all that arrived in this test."""
    sweep_mail()
    return [message for message in mail.outbox if isinstance(message, EmailMultiAlternatives)]


def last_mail() -> EmailMultiAlternatives:
    return deliver()[-1]


def html_of(message: EmailMultiAlternatives) -> str:
    ((content, kind),) = message.alternatives
    assert kind == "text/html"
    return str(content)


def link_in(message: EmailMultiAlternatives) -> str:
    """The path of the one link that the text offers to follow."""
    links = re.findall(r"^https?://\S+", str(message.body), re.MULTILINE)
    assert len(links) == 1, message.body
    return urlsplit(str(links[0])).path
