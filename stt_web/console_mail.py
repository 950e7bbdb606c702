"""Mail on the console, for a server that has no mail server: what a person would read of it."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend

_LINE = "-" * 79


class ConsoleBackend(EmailBackend):
    """Django's own prints the whole message, HTML and all; this one prints its text."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            head = f"Mail to {', '.join(message.recipients())}: {message.subject}"
            self.stream.write(f"{_LINE}\n{head}\n\n{message.body}\n{_LINE}\n")
        self.stream.flush()
        return len(email_messages)
