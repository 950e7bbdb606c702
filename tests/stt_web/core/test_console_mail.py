"""No link that opens an account in a server's log, and no file that others may read."""

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from stt_web.core.console_mail import ConsoleBackend

LINK = "https://stt.example.com/account/password/reset/key/1-abc/"


def print_mail() -> str:
    out = io.StringIO()
    mail = EmailMessage("Choose a new password", f"Open this:\n\n{LINK}\n", to=["ann@example.com"])
    ConsoleBackend(stream=out).send_messages([mail])
    return out.getvalue()


def test_printed_mail_has_no_link_unless_a_developer_asks_for_it(settings: Settings) -> None:
    settings.CONSOLE_MAIL_LINKS = False
    printed = print_mail()
    assert "Choose a new password" in printed
    assert "http" not in printed

    settings.CONSOLE_MAIL_LINKS = True
    assert LINK in print_mail()


@pytest.mark.parametrize(("debug", "shown"), [("false", "False"), ("true", "True")])
def test_links_are_withheld_by_default_and_files_are_private(
    tmp_path: Path, debug: str, shown: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    script = (
        "from stt_web import settings; print(settings.CONSOLE_MAIL_LINKS, settings.ALLOWED_HOSTS);"
        " made = settings.DATA_DIR / 'made'; made.mkdir(); (made / 'file').write_text('')"
    )
    printed_settings = subprocess.run(
        [sys.executable, "-c", script],
        env={"STT_DATA_DIR": str(data), "STT_DEBUG": debug, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        umask=0o022,
    )

    assert printed_settings.stdout == f"{shown} ['localhost', '127.0.0.1', '[::1]']\n"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.rglob("made*"))}
    assert modes == {"data": 0o700, "made": 0o700}
    assert stat.S_IMODE((data / "made" / "file").stat().st_mode) == 0o600
