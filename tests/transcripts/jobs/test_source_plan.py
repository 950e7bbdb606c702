"""Which tracks and channels are recognised, by how they sound; pure."""

from dataclasses import replace

import pytest

from transcripts.jobs.source_plan import plan_sources
from transcripts.media import Track
from transcripts.media.passes import Passes, PassSource

LOUD = Track(
    track=1,
    is_default=True,
    is_readable=True,
    channels=2,
    has_sound=True,
    mix_db=-20,
    peak_db=-6,
    swing_db=30,
    channel_db=[-20, -22],
    has_cancelling_mix=False,
    has_separate_channels=False,
    has_same_channels=False,
    same_as=0,
)
SECOND = replace(LOUD, track=2, is_default=False)


def plan(
    *tracks: Track, track: str = "", channels: str = "mix", diarizes: bool = True
) -> tuple[list[tuple[int, int]], list[str]]:
    made = plan_sources(tracks, track=track, channels=channels, diarizes=diarizes)
    return [(one.track, one.channel) for one in made.sources], [code for code, _ in made.warnings]


@pytest.mark.parametrize(
    ("tracks", "options", "sources", "warnings"),
    [
        ([LOUD], {}, [(1, 0)], []),
        ([LOUD], {"channels": "split"}, [(1, 1), (1, 2)], []),
        ([LOUD], {"channels": "2"}, [(1, 2)], []),
        ([LOUD, SECOND], {}, [(1, 0)], ["tracks_not_used"]),
        ([LOUD, SECOND], {"track": "2"}, [(2, 0)], []),
        ([LOUD, SECOND], {"track": "all"}, [(1, 0), (2, 0)], []),
        ([LOUD, replace(SECOND, same_as=1)], {}, [(1, 0)], []),
        ([LOUD, replace(SECOND, same_as=1)], {"track": "all"}, [(1, 0)], []),
        ([LOUD, replace(SECOND, is_readable=False, has_sound=False)], {}, [(1, 0)], []),
        ([replace(LOUD, has_sound=False), SECOND], {}, [(2, 0)], ["other_track_recognised"]),
        ([replace(LOUD, has_sound=False)], {}, [(1, 0)], []),
        ([replace(LOUD, has_cancelling_mix=True)], {}, [(1, 1)], []),
        ([replace(LOUD, has_separate_channels=True)], {}, [(1, 0)], ["channels_separate"]),
        ([replace(LOUD, has_same_channels=True)], {"channels": "split"}, [(1, 0)],
         ["channels_not_split"]),
        ([replace(LOUD, channel_db=[-20, -110])], {"channels": "split"}, [(1, 1)], []),
        ([], {}, [(0, 0)], []),
    ],
)  # fmt: skip
def test_sources_follow_from_the_sound_and_from_what_was_asked_for(
    tracks: list[Track],
    options: dict[str, str],
    sources: list[tuple[int, int]],
    warnings: list[str],
) -> None:
    assert plan(*tracks, **options) == (sources, warnings)  # type: ignore[arg-type]


def test_only_speech_that_is_very_quiet_is_amplified() -> None:
    quiet = replace(LOUD, mix_db=-72, peak_db=-60, channel_db=[-72, -74])
    hiss = replace(quiet, swing_db=3)

    def gain_db(track: Track) -> int:
        (source,) = plan_sources([track], track="", channels="mix", diarizes=False).sources
        return source.gain_db

    assert (gain_db(LOUD), gain_db(hiss)) == (0, 0)
    assert -26 < -72 + gain_db(quiet) < -20


def test_progress_over_several_passes_only_rises_and_ends_at_the_whole() -> None:
    passes = Passes([PassSource(track=1), PassSource(track=2)])
    seen = []
    for _ in passes.sources:
        seen += [passes.progress_ms(at) for at in range(0, 60_001, 10_000)]
        passes.change_current(audio_duration_ms=60_000)
        if not passes.is_last:
            passes.begin_next(from_position=3)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 60_000)
