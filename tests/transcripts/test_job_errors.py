"""With which status a request that waited is answered where its job failed."""

import uuid
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stt_web.core.errors import ApiError
from stt_web.core.outages import DiskFullError
from transcripts.fetching.addresses import FETCH_ERRORS
from transcripts.job_errors import job_error
from transcripts.media.errors import MEDIA_ERRORS
from transcripts.models import Status, Transcript

KNOWN = [each for each in (*MEDIA_ERRORS, *FETCH_ERRORS) if isinstance(each, ApiError)]


def failed(code: str) -> Transcript:
    job = SimpleNamespace(error_code=code, error_message="Why.")
    made: Any = SimpleNamespace(pk=uuid.uuid4(), status=Status.FAILED, job=job)
    return cast("Transcript", made)


@pytest.mark.parametrize("error", [*KNOWN, DiskFullError()], ids=lambda error: error.code)
def test_a_job_fails_with_the_status_of_what_it_met(error: ApiError) -> None:
    answered = job_error(failed(error.code))
    assert (answered.status, answered.code, answered.message) == (error.status, error.code, "Why.")


def test_what_is_not_known_is_ours() -> None:
    assert job_error(failed("")).status == 500
    assert job_error(failed("something")).status == 500
