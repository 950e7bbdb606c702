"""Which tracks and channels of a recording are recognised: decided once, by how they sound.

Pure: from a survey (`media.survey`) and what was asked for to sources and warnings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from transcripts.media import Track
from transcripts.media.passes import PassSource
from transcripts.options import ALL, SPLIT

# A channel so far below the loudest one holds what leaks into it.
_LEAK_DB: Final = 45
_SOUND_DB: Final = -85
# Recognised well down to 40 dB below normal speech (-20 dBFS); quieter is amplified, before it is
# rounded to 16 bits. Not a steady noise, which swings less than 12 dB.
_TOO_QUIET_DB: Final = -55
_WANTED_DB: Final = -23
_WANTED_PEAK_DB: Final = -3
_MAX_GAIN_DB: Final = 60
_SPEECH_SWING_DB: Final = 12


@dataclass
class RecordingPlan:
    """`warnings`: (code, sentence)."""

    sources: list[PassSource] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def warn(self, code: str, message: str) -> None:
        self.warnings.append((code, message))


def plan_sources(
    tracks: Sequence[Track], *, track: str, channels: str, diarizes: bool
) -> RecordingPlan:
    """Return the sources, at least one. `track` and `channels` as `TranscriptionJob` has them."""
    plan = RecordingPlan()
    chosen = _choose_tracks(plan, tracks, track)
    is_alone = len(chosen) == 1
    for each in chosen:
        for source in _sources_of(plan, each, channels):
            is_speaker = diarizes and (source.is_speaker or not is_alone)
            plan.sources.append(_with_speaker(source, is_speaker=is_speaker))
    if not plan.sources:
        plan.sources.append(PassSource())
    return plan


def _with_speaker(source: PassSource, *, is_speaker: bool) -> PassSource:
    return PassSource(source.track, source.channel, source.gain_db, is_speaker)


def _choose_tracks(plan: RecordingPlan, tracks: Sequence[Track], track: str) -> list[Track]:
    sounding = [each for each in tracks if each.has_sound]
    if track.isdigit():
        return [each for each in tracks if each.track == int(track)]
    if track == ALL:
        return _all_of(plan, tracks, sounding)
    default = next((each for each in tracks if each.is_default), None)
    chosen = default
    if default is not None and not default.has_sound and sounding:
        chosen = sounding[0]
        _warn_of_other(plan, default, chosen, len(tracks))
    if chosen is not None:
        _warn_of_rest(plan, chosen, sounding, len(tracks))
    return [chosen] if chosen is not None else []


def _all_of(plan: RecordingPlan, tracks: Sequence[Track], sounding: list[Track]) -> list[Track]:
    unread = [each.track for each in tracks if not each.is_readable]
    if unread and len(unread) < len(tracks):
        plan.warn(
            "tracks_not_used",
            f"{_named(unread)} of the {len(tracks)} audio tracks of this file can't be read.",
        )
    different = [each for each in sounding if not each.same_as]
    return different or [each for each in tracks if each.is_default]


def _warn_of_other(plan: RecordingPlan, default: Track, chosen: Track, count: int) -> None:
    why = "has no sound" if default.is_readable else "can't be read"
    plan.warn(
        "other_track_recognised",
        f"Track {default.track}, the default one of the {count} audio tracks of this file, {why}:"
        f" track {chosen.track} was recognised.",
    )


def _warn_of_rest(plan: RecordingPlan, chosen: Track, sounding: list[Track], count: int) -> None:
    same = {chosen.same_as, *(each.track for each in sounding if each.same_as == chosen.track)}
    rest = [
        each.track for each in sounding if each.track != chosen.track and each.track not in same
    ]
    if rest:
        plan.warn(
            "tracks_not_used",
            f"This file has {count} audio tracks. Track {chosen.track} was recognised;"
            f" {_named(rest).lower()} also {'has' if len(rest) == 1 else 'have'} sound. Send"
            f" track={rest[0]} for another one, or track=all for all of them.",
        )


def _named(tracks: list[int]) -> str:
    if len(tracks) == 1:
        return f"Track {tracks[0]}"
    return f"Tracks {', '.join(map(str, tracks[:-1]))} and {tracks[-1]}"


def _sources_of(plan: RecordingPlan, track: Track, channels: str) -> list[PassSource]:
    if channels.isdigit():
        return [_source(track, channel=int(channels))]
    if channels == SPLIT:
        return _split(plan, track)
    if track.has_separate_channels:
        plan.warn(
            "channels_separate",
            "Each channel of this recording seems to hold one person. Send channels=split to have"
            " them separated by channel.",
        )
    loudest = track.channel_db.index(max(track.channel_db)) + 1 if track.channel_db else 0
    return [_source(track, channel=loudest if track.has_cancelling_mix else 0)]


def _split(plan: RecordingPlan, track: Track) -> list[PassSource]:
    floor_db = max(_SOUND_DB, max(track.channel_db, default=_SOUND_DB) - _LEAK_DB)
    sounding = [at for at, level_db in enumerate(track.channel_db, 1) if level_db > floor_db]
    if track.has_same_channels or len(track.channel_db) < 2:
        plan.warn(
            "channels_not_split",
            "The channels of this recording all hold the same sound: they could not be taken for a"
            " speaker each.",
        )
        return [_source(track, channel=0)]
    if not sounding:
        return [_source(track, channel=0)]
    return [_source(track, channel=channel, is_speaker=True) for channel in sounding]


def _source(track: Track, *, channel: int, is_speaker: bool = False) -> PassSource:
    gain_db = _gain_db(track, channel)
    return PassSource(track=track.track, channel=channel, gain_db=gain_db, is_speaker=is_speaker)


def _gain_db(track: Track, channel: int) -> int:
    is_known = 0 < channel <= len(track.channel_db)
    level_db = track.channel_db[channel - 1] if is_known else track.mix_db
    if not track.has_sound or level_db > _TOO_QUIET_DB or level_db <= _SOUND_DB:
        return 0
    if track.swing_db < _SPEECH_SWING_DB:
        return 0
    gain_db = min(_MAX_GAIN_DB, _WANTED_DB - level_db)
    return gain_db if is_known else min(gain_db, _WANTED_PEAK_DB - track.peak_db)
