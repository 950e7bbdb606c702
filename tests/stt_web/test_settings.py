"""Settings that contradict each other stop the start with a sentence."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"STT_LEASE_S": "5"}, "STT_LEASE_S is 5, but must be at least 6"),
        (
            {"STT_S3_ACCESS_KEY": "a"},
            "STT_S3_ACCESS_KEY and STT_S3_SECRET_KEY must be set together",
        ),
        (
            {"STT_S3_BUCKET": "a", "STT_S3_ENDPOINT": "minio:9000"},
            "STT_S3_ENDPOINT must begin with http:// or https://",
        ),
        (
            {"STT_S3_BUCKET": "a", "STT_S3_TIMEOUT_S": "0"},
            "STT_S3_TIMEOUT_S is 0, but must be at least 0.5",
        ),
        ({"STT_S3_URL_S": "604801"}, "STT_S3_URL_S is 604801, but must be at most 604800"),
        ({"STT_S3_SERVE": "redirect"}, "STT_STORAGE_ORIGIN must be set together"),
        ({"STT_S3_SERVE": "elsewhere"}, "must be one of proxy, redirect"),
        ({"STT_LIVE_PAUSE_S": "10"}, "STT_LIVE_PAUSE_S is 10, but must be at least 20"),
    ],
)
def test_times_that_contradict_each_other(env: dict[str, str], sentence: str) -> None:
    command = [sys.executable, "-c", "import stt_web.settings"]
    ended = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert sentence in ended.stderr


def test_the_times_that_are_given_agree() -> None:
    subprocess.run([sys.executable, "-c", "import stt_web.settings"], check=True)
