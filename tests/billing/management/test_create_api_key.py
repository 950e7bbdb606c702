"""`manage.py create_api_key`, as a real process: the raw key alone on stdout, errors on stderr."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, User

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def manage(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("data")
    env = {**os.environ, "STT_DATA_DIR": str(folder), "STT_DATABASE_URL": ""}
    env["DJANGO_SETTINGS_MODULE"] = "stt_web.settings"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)

    assert run("migrate").returncode == 0
    return run


def test_the_raw_key_is_alone_on_stdout_and_works(manage: Run) -> None:
    done = manage("create_api_key", "Ada@Example.com", "--credits", "7")
    assert re.fullmatch(r"stt_[A-Za-z0-9_-]{43}\n", done.stdout), done
    assert done.stderr == ""
    program = (
        "from accounts.authentication import authenticate_token as a;"
        "from billing.plans import account_for;"
        f"user = a({done.stdout.strip()!r}).user;"
        "account = account_for(user);"
        "print(user.email, account.plan_id, account.credits_available)"
    )
    assert manage("shell", "-v0", "-c", program).stdout.strip() == "ada@example.com free 7"


def test_an_account_that_exists_gets_one_more_key_and_the_plan(manage: Run) -> None:
    first = manage("create_api_key", "eve@example.com").stdout
    second = manage("create_api_key", "eve@example.com", "--plan", "local").stdout
    assert first != second
    program = (
        "from accounts.models import User;"
        "user = User.objects.get(email='eve@example.com');"
        "print(user.api_keys.count(), user.billing_account.plan_id)"
    )
    assert manage("shell", "-v0", "-c", program).stdout.strip() == "2 local"


def test_a_failure_is_a_sentence_on_stderr_and_no_key(manage: Run) -> None:
    done = manage("create_api_key", "nobody")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "CommandError: 'nobody' is not an email address.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plan", "gold"], "There is no plan “gold”"),
        (["--credits", "-1"], "must be 0 or more"),
        (["--credits", "many"], "invalid int value"),
        (["--name", "x" * 101], "at most 100 characters"),
    ],
)
def test_bad_arguments_make_neither_key_nor_account(
    db: None, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("create_api_key", "bob@example.com", *arguments)
    assert not User.objects.exists()


def test_a_key_shows_itself_by_name_and_prefix_only() -> None:
    key = ApiKey(name="laptop", prefix="stt_abcdef", digest="0" * 64)
    assert f"{key} {key!r}" == "laptop (stt_abcdef…) <ApiKey: laptop (stt_abcdef…)>"


@pytest.mark.django_db
def test_only_an_operator_gets_a_key_that_examines_the_server(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(CommandError, match=r"create_operator ops@example\.com"):
        call_command("create_api_key", "ops@example.com", scope=["operate"])
    assert not User.objects.exists()

    User.objects.create_user("ops@example.com", is_staff=True)
    call_command("create_api_key", "ops@example.com", scope=["operate"])
    assert capsys.readouterr().out.startswith("stt_")
    assert ApiKey.objects.get().scopes == ["operate"]
