"""STT_EMAIL_URL: how mail leaves, read at the start."""

import pytest

from stt_web.core.email_url import read_email_url
from stt_web.core.env import BadSettingError


def test_smtp_with_starttls_is_the_usual_way() -> None:
    settings = read_email_url("smtp://ann%40example.com:p%2Fw@mail.example.com")

    assert settings["EMAIL_HOST"] == "mail.example.com"
    assert settings["EMAIL_PORT"] == 587
    assert settings["EMAIL_HOST_USER"] == "ann@example.com"
    assert settings["EMAIL_HOST_PASSWORD"] == "p/w"
    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (True, False)


def test_smtps_speaks_tls_from_the_start() -> None:
    settings = read_email_url("smtps://mail.example.com:4650")

    assert settings["EMAIL_PORT"] == 4650
    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (False, True)


def test_a_relay_on_this_machine_needs_no_tls() -> None:
    settings = read_email_url("smtp+plain://localhost")

    assert settings["EMAIL_PORT"] == 25
    assert (settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (False, False)


@pytest.mark.parametrize("url", ["", "console:"])
def test_without_a_server_mail_is_printed(url: str) -> None:
    assert "console" in str(read_email_url(url)["EMAIL_BACKEND"])


@pytest.mark.parametrize("url", ["imap://x", "smtp://", "mail.example.com", "smtp://x:port"])
def test_anything_else_stops_the_start(url: str) -> None:
    with pytest.raises(BadSettingError, match="STT_EMAIL_URL"):
        read_email_url(url)
