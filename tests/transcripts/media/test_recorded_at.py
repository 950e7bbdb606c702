"""When a recording was made, as its file states it, as far as that can be believed."""

from datetime import UTC, date, datetime
from pathlib import Path

import av
import pytest

from accounts.models import User
from tests.transcripts.media.recordings import RECIPES, make_recording
from tests.transcripts.rows import create_transcript
from transcripts.media import probe
from transcripts.services.recordings import read_recorded_at, recording_day

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def test_a_containers_time_of_creation_is_read(tmp_path: Path) -> None:
    plain = make_recording(tmp_path / "plain", RECIPES["mp4"])
    dated = tmp_path / "dated.mp4"
    with av.open(str(plain)) as source, av.open(str(dated), "w", format="mp4") as target:
        target.metadata["creation_time"] = "2026-03-05T23:30:00.000000Z"
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)

    assert probe(plain).recorded_at == ""
    stated = probe(dated).recorded_at
    assert read_recorded_at(stated, now=NOW) == datetime(2026, 3, 5, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2026-03-05T23:30:00+02:00", datetime(2026, 3, 5, 21, 30, tzinfo=UTC)),
        ("2026-03-05T23:30:00", datetime(2026, 3, 5, 23, 30, tzinfo=UTC)),
        ("1904-01-01T00:00:00.000000Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("2036-01-01T00:00:00Z", None),
        ("10:22:33", None),
        ("2019", None),
        ("", None),
        ("\x00" * 40, None),
    ],
)
def test_a_time_that_can_not_be_right_is_none(stated: str, expected: datetime | None) -> None:
    assert read_recorded_at(stated, now=NOW) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "recorded_at", "expected"),
    [
        ("UTC", datetime(2026, 3, 5, 23, 30, tzinfo=UTC), date(2026, 3, 5)),
        ("Europe/Prague", datetime(2026, 3, 5, 23, 30, tzinfo=UTC), date(2026, 3, 6)),
        ("Mars/Base", datetime(2026, 3, 5, 23, 30, tzinfo=UTC), date(2026, 3, 5)),
        ("America/New_York", None, date(2026, 11, 17)),
    ],
)
def test_the_day_is_that_of_the_owners_time_zone(
    zone: str, recorded_at: datetime | None, expected: date
) -> None:
    owner = User.objects.create(email="a@b.cz", time_zone=zone)
    uploaded_at = datetime(2026, 11, 18, 2, tzinfo=UTC)

    made = create_transcript(owner=owner, recorded_at=recorded_at, created_at=uploaded_at)
    made.refresh_from_db()

    assert recording_day(made) == expected
