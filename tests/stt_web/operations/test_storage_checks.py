"""Doctor's look at the bucket: each fault has its cure, and nothing stays behind."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from stt_web.operations.findings import Diagnosis, Level
from stt_web.operations.storage_checks import check_storage, judge_skew
from tests.s3_server import S3Server


@pytest.fixture
def bucket(settings: Settings) -> Iterator[S3Server]:
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


def only() -> Diagnosis:
    (found,) = check_storage()
    return found


def test_without_a_bucket_there_is_nothing_to_find() -> None:
    assert list(check_storage()) == []


def test_a_bucket_that_takes_and_gives_is_fine_and_left_as_it_was(bucket: S3Server) -> None:
    assert only().level == Level.OK
    assert bucket.list_keys() == []


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"bucket_name": "another"}, "Create the bucket"),
        ({"access_key": "another"}, "s3:ListBucket"),
        ({"endpoint_url": "http://127.0.0.1:1"}, "STT_S3_ENDPOINT"),
    ],
)
def test_each_mistake_has_its_cure(
    bucket: S3Server, settings: Settings, options: dict[str, str], cure: str
) -> None:
    settings.STORAGES = {**settings.STORAGES, "media": bucket.as_storage(**options)}
    found = only()
    assert found.level == Level.FAILURE
    assert cure in found.cure


@pytest.mark.parametrize("fault", ["away", "hang", "error", "drop_put", "lose", "corrupt"])
def test_a_server_that_fails_or_lies_is_a_failure(bucket: S3Server, fault: str) -> None:
    with bucket.failing(fault):
        assert only().level == Level.FAILURE


@pytest.mark.parametrize(
    ("skew_s", "levels"), [(5, []), (60, [Level.WARNING]), (900, [Level.FAILURE])]
)
def test_clocks_that_differ(skew_s: float, levels: list[Level]) -> None:
    assert [found.level for found in judge_skew(skew_s)] == levels
