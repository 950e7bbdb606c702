"""How the tracks and channels of a recording sound: what decides, once, which of them are
transcribed.

The whole file is demuxed; of each track its first half minute is decoded, and from then on a second
in ten, so that this costs about a tenth of decoding it. Memory: 4 bytes for 50 ms that were decoded
and for each channel, so 6 MB for 24 hours in eight channels. Runs in the child.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from operator import mul
from typing import Final, cast

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from transcripts.media.errors import MediaError
from transcripts.media.messages import Pick, Track, note_message
from transcripts.media.pcm import Converter, check_frame
from transcripts.media.recording import RecordingFile
from transcripts.media.tracks import default_track, is_readable

_RATE_HZ: Final = 8_000
_BLOCK_SAMPLES: Final = 400  # 50 ms
_DENSE_S: Final = 30.0
_PERIOD_S: Final = 10.0
_BURST_S: Final = 1.0
# More channels than this are no people, and are only mixed.
MAX_CHANNELS: Final = 8
_SILENCE_DB: Final = -120
# Of quiet, coded silence: dither has -96 dBFS, speech that 24 bits can hold 55 dB below normal -75.
_SOUND_DB: Final = -85
_PLAIN_SOUND_DB: Final = -50
# A steady noise swings less, speech more than 20 dB.
_SWING_DB: Final = 6
# Telephone calls with a person a channel: 93 to 100 % of loud slots differ by 12 dB or more, and
# the channels' correlation is below .01; music and panned recordings are far from both.
_APART: Final = 10**1.2
_APART_SHARE: Final = 0.9
_MAX_CORRELATION: Final = 0.03
_LEAST_SHARE: Final = 0.05
_LOUD: Final = 10**-2.0  # a slot within 20 dB of the loudest ones
# People who talk at once, a channel each (readings of seven people laid over one another, and a
# call): 40 to 67 % of loud slots apart, each alone in 5 % or more, the loudness of one is
# independent of the other's (-.12 to .24), each swings 20 dB or more. A room with two microphones,
# close or 4 ms apart: loudness alike (.73 to .95), 2 % apart; an instrument a channel swings 12 to
# 17 dB.
_AT_ONCE_APART_SHARE: Final = 0.3
_AT_ONCE_ALONE_SHARE: Final = 0.03
_AT_ONCE_LIKENESS: Final = 0.4
_AT_ONCE_SWING_DB: Final = 18
_AT_ONCE_LEAST_SLOTS: Final = 20  # 1 s of each
_SAME_LIKENESS: Final = 0.97
_TICK_PACKETS: Final = 20_000


def survey(file: RecordingFile) -> Iterator[bytes]:
    """Ticks, and the `survey` note. Raises MediaError where the file can't be opened."""
    tracks: dict[int, _Sound] = {}
    packets = 0
    # What can't be read further on is reported by the decoder.
    with suppress(MediaError):
        for container in file.containers():
            audio = list(container.streams.audio)
            default = default_track(audio)
            for number, stream in enumerate(audio, 1):
                readable = is_readable(stream)
                tracks.setdefault(
                    number, _Sound(number, is_default=number == default, is_readable=readable)
                ).begin_part()
            for number, packet in _demux(container):
                tracks[number].take(packet)
                packets += 1
                if packets % _TICK_PACKETS == 0:
                    yield note_message("tick")
    described: list[Track] = []
    for sound in tracks.values():
        described.append(sound.describe(earlier=tuple(tracks.values())[: len(described)]))
    yield note_message("survey", tracks=[asdict(each) for each in described])


def _demux(container: InputContainer) -> Iterator[tuple[int, "Packet[AudioStream]"]]:
    numbers = {stream.index: at for at, stream in enumerate(container.streams.audio, 1)}
    streams = [stream for stream in container.streams.audio if is_readable(stream)]
    failures = 0
    while streams and failures < 500:
        try:
            for packet in container.demux(*streams):
                failures = 0
                yield numbers[packet.stream.index], cast("Packet[AudioStream]", packet)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            failures += 1
        else:
            return


class _Sound:
    """What one track sounds like, so far."""

    def __init__(self, track: int, *, is_default: bool, is_readable: bool) -> None:
        self._track = track
        self._is_default = is_default
        self._is_readable = is_readable
        self._channels = 0
        self._peak = 0.0
        self.mix = array("f")  # power in each slot
        self._powers: list[array[float]] = []
        self._converters: tuple[Converter, Converter | None] | None = None
        self._time_s = 0.0
        self._is_in_burst = True

    def begin_part(self) -> None:
        self._flush()
        self._time_s = 0.0

    def take(self, packet: "Packet[AudioStream]") -> None:
        if packet.pts is not None and packet.time_base is not None:
            self._time_s = float(packet.pts * packet.time_base)
        elif packet.duration and packet.time_base is not None:
            self._time_s += float(packet.duration * packet.time_base)
        # Longer than a burst is what a packet of PCM may hold: it is taken or left as a whole.
        is_wanted = self._time_s < _DENSE_S or self._time_s % _PERIOD_S < _BURST_S
        if not is_wanted and packet.size:
            self._is_in_burst = False
            return
        try:
            for frame in packet.decode():
                self._add(frame)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            pass  # the decoder reports what is damaged
        self._is_in_burst = True

    def _add(self, frame: AudioFrame) -> None:
        check_frame(frame)
        if not self._is_in_burst:
            return  # the first packet of a burst is out of step with what was decoded last
        if self._converters is None or not self._converters[0].fits(frame):
            self._flush()
            self._converters = self._make_converters(frame)
        mixer, splitter = self._converters
        if splitter is not None:
            copies = list(splitter.convert_frames(frame))
            self._measure_channels(copies)
        self._measure_mix(mixer.convert_frames(frame))

    def _make_converters(self, frame: AudioFrame) -> tuple[Converter, Converter | None]:
        channels = frame.layout.nb_channels
        if not self._channels:
            self._channels = channels
            self._powers = [array("f") for _ in range(channels if channels <= MAX_CHANNELS else 0)]
        is_split = 1 < channels == len(self._powers)
        mixer = Converter(frame, pick=Pick(), rate_hz=_RATE_HZ, sample_format="flt")
        if not is_split:
            return mixer, None
        splitter = Converter(
            frame, pick=Pick(), rate_hz=_RATE_HZ, sample_format="fltp", is_mixed=False
        )
        return mixer, splitter

    def _flush(self) -> None:
        if self._converters is None:
            return
        mixer, splitter = self._converters
        if splitter is not None:
            self._measure_channels(splitter.flush_frames())
        self._measure_mix(mixer.flush_frames())
        self._converters = None

    def _measure_mix(self, frames: Iterator[AudioFrame]) -> None:
        for frame in frames:
            samples = _samples(frame, 0)
            self._peak = max(self._peak, max(samples, default=0.0), -min(samples, default=0.0))
            self.mix.extend(_powers(samples))

    def _measure_channels(self, frames: "Iterator[AudioFrame] | list[AudioFrame]") -> None:
        for frame in frames:
            for channel, powers in enumerate(self._powers):
                powers.extend(_powers(_samples(frame, channel)))

    def describe(self, *, earlier: "Sequence[_Sound]") -> Track:
        self._flush()
        channels = [powers for powers in self._powers if powers] or [self.mix]
        levels_db = [_loud_db(powers) for powers in channels]
        loudest = max(range(len(levels_db)), key=lambda at: levels_db[at])
        swing_db = levels_db[loudest] - _quiet_db(channels[loudest])
        level_db = levels_db[loudest]
        has_sound = level_db > _SOUND_DB and (level_db > _PLAIN_SOUND_DB or swing_db >= _SWING_DB)
        same = [other for other in earlier if has_sound and _are_same(other.mix, self.mix)]
        return Track(
            track=self._track,
            is_default=self._is_default,
            is_readable=self._is_readable and bool(self.mix),
            channels=self._channels,
            has_sound=has_sound,
            mix_db=_loud_db(self.mix),
            peak_db=_db(self._peak**2),
            swing_db=swing_db,
            channel_db=levels_db,
            has_cancelling_mix=_cancels(self.mix, channels[loudest], len(channels)),
            has_separate_channels=has_sound and _are_separate(channels, self.mix),
            has_same_channels=len(channels) == 2 and _correlation(channels, self.mix) > 0.95,
            same_as=same[0]._track if same else 0,
        )


def _samples(frame: AudioFrame, plane: int) -> "memoryview[float]":
    return memoryview(frame.planes[plane])[: 4 * frame.samples].cast("f")


def _powers(samples: "memoryview[float]") -> Iterator[float]:
    """The mean square of each whole slot."""
    for start in range(0, len(samples) - _BLOCK_SAMPLES + 1, _BLOCK_SAMPLES):
        block = samples[start : start + _BLOCK_SAMPLES]
        yield sum(map(mul, block, block)) / _BLOCK_SAMPLES


def _db(power: float) -> int:
    return round(10 * math.log10(power)) if power > 1e-12 else _SILENCE_DB


def _loud_db(powers: "array[float]") -> int:
    """The level that a quarter of a second reaches: a click is shorter."""
    return _db(sorted(powers)[-5:][0]) if powers else _SILENCE_DB


def _quiet_db(powers: "array[float]") -> int:
    return _db(sorted(powers)[len(powers) // 10]) if powers else _SILENCE_DB


def _cancels(mix: "array[float]", loudest: "array[float]", channels: int) -> bool:
    """Whether the channels extinguish each other: one of `channels` alone leaves 1 / channels of
    its amplitude in the mix; less than 0.3 of that is no mix any more."""
    return channels > 1 and sum(mix) < sum(loudest) * (0.3 / channels) ** 2


def _correlation(channels: "list[array[float]]", mix: "array[float]") -> float:
    """Of two channels, -1 to 1, by the power of their mean."""
    left, right = sum(channels[0]), sum(channels[1])
    if not left or not right:
        return 0.0
    return (4 * sum(mix) - left - right) / 2 / math.sqrt(left * right)


def _are_separate(channels: "list[array[float]]", mix: "array[float]") -> bool:
    """Whether each of two channels holds a person of their own."""
    if len(channels) != 2 or abs(_correlation(channels, mix)) > _MAX_CORRELATION:
        return False
    floor: float = _LOUD * max(sorted(channel)[-5:][0] for channel in channels)
    pairs: list[tuple[float, float]] = list(zip(channels[0], channels[1], strict=False))
    loud = [pair for pair in pairs if max(pair) > floor]
    apart = [left > right for left, right in loud if max(left, right) > _APART * min(left, right)]
    if not apart:
        return False
    if len(apart) < _APART_SHARE * len(loud):
        return _talk_at_once(channels, floor) and _is_each_alone(sum(apart), len(apart), len(loud))
    left_share = sum(apart) / len(apart)
    return _LEAST_SHARE <= left_share <= 1 - _LEAST_SHARE


def _is_each_alone(left: int, apart: int, loud: int) -> bool:
    """Of `loud` slots one channel is far above the other in `apart`, the left one in `left`."""
    is_each = min(left, apart - left) >= _AT_ONCE_ALONE_SHARE * loud
    return is_each and apart >= _AT_ONCE_APART_SHARE * loud


def _talk_at_once(channels: "list[array[float]]", floor: float) -> bool:
    """Whether both channels sound like speech, and neither like the other's room."""
    return all(
        sum(power > floor for power in channel) >= _AT_ONCE_LEAST_SLOTS
        and _loud_db(channel) - _quiet_db(channel) >= _AT_ONCE_SWING_DB
        for channel in channels
    ) and (_likeness(channels[0], channels[1]) < _AT_ONCE_LIKENESS)


def _are_same(one: "array[float]", other: "array[float]") -> bool:
    """Whether two tracks have the same loudness all along, up to 0.1 s and any gain."""
    if not one or abs(len(one) - len(other)) > max(4, len(one) // 50):
        return False
    return max(_likeness(one[lag:], other) for lag in range(3)) > _SAME_LIKENESS or (
        max(_likeness(one, other[lag:]) for lag in range(1, 3)) > _SAME_LIKENESS
    )


def _likeness(one: "array[float]", other: "array[float]") -> float:
    """The correlation of two envelopes of amplitude."""
    pairs = [(math.sqrt(a), math.sqrt(b)) for a, b in zip(one, other, strict=False)]
    if not pairs:
        return 0.0
    mean_a = sum(a for a, _ in pairs) / len(pairs)
    mean_b = sum(b for _, b in pairs) / len(pairs)
    dot = sum((a - mean_a) * (b - mean_b) for a, b in pairs)
    norm = sum((a - mean_a) ** 2 for a, _ in pairs) * sum((b - mean_b) ** 2 for _, b in pairs)
    return dot / math.sqrt(norm) if norm else 0.0
