"""What a first start makes: a key that works and is private, and what it says of models."""

import json
import stat
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from accounts.authentication import authenticate_token
from accounts.keys.issue import revoke_api_key
from stt_web.supervisor.first_steps import describe_models, ensure_inference_token, ensure_local_key


@pytest.mark.django_db
def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "api-key"
    raw = ensure_local_key(path)
    assert path.read_text().strip() == raw
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_local_key(path) == raw


@pytest.mark.django_db(transaction=True)  # a process forgets a revoked key after the commit
def test_a_key_that_the_database_refuses_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "api-key"
    path.write_text("sk-of-another-database\n")
    raw = ensure_local_key(path)
    revoke_api_key(authenticate_token(raw))
    again = ensure_local_key(path)
    assert again not in (raw, "sk-of-another-database")
    assert path.read_text().strip() == again


def test_the_token_of_the_two_tiers_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "inference-token"

    token = ensure_inference_token(path)

    assert len(token) >= 40
    assert ensure_inference_token(path) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("models", "described"),
    [
        ({"base": True, "small": False, "tiny.en": True}, "base, tiny.en"),
        ({"base": False}, "none: recognition answers 503"),
        ({}, "catalog pull base"),
    ],
)
def test_installed_models_are_named_or_how_to_get_one(
    models: dict[str, bool], described: str
) -> None:
    body = {"models": [{"id": name, "available": here} for name, here in models.items()]}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        answering = Thread(target=server.handle_request)
        answering.start()
        assert described in describe_models(f"http://127.0.0.1:{server.server_port}")
        answering.join()
