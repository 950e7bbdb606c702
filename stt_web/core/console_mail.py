"""Mail on the console, for a server that has no mail server: what a person would read of it.

Without its links: those confirm an address or choose a new password, and the console of a server
is a log. `make run` in a terminal shows them (STT_CONSOLE_MAIL_LINKS).
"""

import re
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend

_LINE = "-" * 79
_LINK = re.compile(r"https?://\S+")
_WITHHELD = "[a link, not shown here: set STT_EMAIL_URL to have mail sent]"


class ConsoleBackend(EmailBackend):
    """Django's own prints the whole message, HTML and all; this one prints its text."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            head = f"Mail to {', '.join(message.recipients())}: {message.subject}"
            body = str(message.body)
            if not settings.CONSOLE_MAIL_LINKS:
                body = _LINK.sub(_WITHHELD, body)
            self.stream.write(f"{_LINE}\n{head}\n\n{body}\n{_LINE}\n")
        self.stream.flush()
        return len(email_messages)
