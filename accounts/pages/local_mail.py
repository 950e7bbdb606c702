"""What a page says of a mail: that it was sent, or, to a person at this machine, its link."""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts.this_machine import LINK_KEY, may_see_links, sends_mail


@dataclass(frozen=True)
class LocalMail:
    """`link`: the path that the mail leads to; empty where it isn't shown."""

    is_sent: bool
    link: str = ""


def read_local_mail(request: HttpRequest) -> LocalMail:
    """Return how the last mail of this browser's session reaches its person."""
    if sends_mail():
        return LocalMail(is_sent=True)
    link = request.session.get(LINK_KEY, "") if may_see_links(request) else ""
    return LocalMail(is_sent=False, link=link)
