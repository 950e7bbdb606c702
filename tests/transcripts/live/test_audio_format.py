"""Formats of live audio: decoded where they can be, refused at once where they can't."""

import io
import multiprocessing
import struct
from array import array
from contextlib import suppress

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from websockets.exceptions import ConnectionClosed

from tests.e2e.processes import wait_until
from tests.transcripts.live.fake_stream import FakeStream, StreamScript
from tests.transcripts.live.sockets import application_server, server, speaker
from tests.transcripts.live.talk import Talk, talk
from tests.transcripts.served_api import Client
from transcripts.live import audio_input
from transcripts.live.audio_format import AudioFormat, AudioSniffer, Encoding
from transcripts.models import Transcript

__all__ = ["application_server", "server", "speaker"]  # fixtures


RATE_HZ = 16_000
TONE_HZ = 440


def tone(seconds: float, *, rate_hz: int) -> np.ndarray:
    """float32 (n,), a third of full scale."""
    return (np.sin(2 * np.pi * TONE_HZ * np.arange(int(seconds * rate_hz)) / rate_hz) / 3).astype(
        np.float32
    )


def as_int16(samples: np.ndarray) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def mux(container: str, *, seconds: float, **options: str) -> bytes:
    """A tone in Opus as a browser's MediaRecorder streams it."""
    file = io.BytesIO()
    samples = (tone(seconds, rate_hz=48_000) * 32767).astype(np.int16)
    with av.open(file, "w", format=container, options=options) as output:
        stream = output.add_stream("libopus", rate=48_000)
        stream.layout = "mono"
        for start in range(0, len(samples) - 959, 960):
            frame = av.AudioFrame.from_ndarray(
                samples[None, start : start + 960], format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = 48_000, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def encode_mulaw(samples: np.ndarray, *, rate_hz: int, codec: str) -> bytes:
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = rate_hz, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(
        (samples * 32767).astype(np.int16)[None], format="s16", layout="mono"
    )
    frame.sample_rate = rate_hz
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def wav(data: bytes, *, tag: int, bits: int, rate_hz: int, channels: int = 1) -> bytes:
    width = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * width, width, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data\xff\xff\xff\xff" + data
    return b"RIFF\xff\xff\xff\xff" + body


def assert_is_tone(pcm: bytes, *, seconds: float) -> None:
    """The tone arrived at 16 kHz: by its length and its frequency."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    assert len(samples) / RATE_HZ == pytest.approx(seconds, abs=0.06)
    spectrum = np.abs(np.fft.rfft(samples[:RATE_HZ]))
    loudest_hz = np.argmax(spectrum) * RATE_HZ / min(len(samples), RATE_HZ)
    assert loudest_hz == pytest.approx(TONE_HZ, abs=3)
    assert 5000 < np.abs(samples).max() < 16_000


WEBM = ("webm_opus", 48_000, mux("webm", seconds=2, live="1", cluster_time_limit="60"))
OGG = ("audio/ogg; codecs=opus", 48_000, mux("ogg", seconds=2, page_duration="60000"))
FLOAT = ("pcm_f32le", 48_000, tone(2, rate_hz=48_000).tobytes())
WIDE = ("pcm_s16le", 44_100, as_int16(tone(2, rate_hz=44_100)))
MULAW = ("mulaw", 8000, encode_mulaw(tone(2, rate_hz=8000), rate_hz=8000, codec="pcm_mulaw"))
ALAW = ("alaw", 8000, encode_mulaw(tone(2, rate_hz=8000), rate_hz=8000, codec="pcm_alaw"))


@pytest.mark.parametrize("chunk", [333, 60_000])
@pytest.mark.parametrize(("encoding", "rate_hz", "data"), [WEBM, OGG, FLOAT, WIDE, MULAW, ALAW])
def test_a_configured_format_is_decoded(
    speaker: Client, live: FakeStream, encoding: str, rate_hz: int, data: bytes, chunk: int
) -> None:
    with talk(speaker) as client:
        client.begin(encoding=encoding, sample_rate=rate_hz)
        speak(client, data, chunk=chunk)
        last = client.receive_all()[-1]

    assert last["duration"] == pytest.approx(2, abs=0.06)
    assert_is_tone(bytes(live.calls[-1].pcm), seconds=2)


@pytest.mark.parametrize(
    "data",
    [
        WEBM[2],
        OGG[2],
        wav(as_int16(tone(2, rate_hz=RATE_HZ)), tag=1, bits=16, rate_hz=RATE_HZ),
        wav(as_int16(tone(2, rate_hz=48_000)), tag=1, bits=16, rate_hz=48_000),
        wav(FLOAT[2], tag=3, bits=32, rate_hz=48_000),
        wav(MULAW[2], tag=7, bits=8, rate_hz=8000),
    ],
)
@pytest.mark.parametrize("chunk", [5, 3200])
def test_a_header_states_the_format(
    speaker: Client, live: FakeStream, data: bytes, chunk: int
) -> None:
    with talk(speaker) as client:
        client.begin()
        speak(client, data[:100], chunk=chunk, is_over=False)
        speak(client, data[100:], chunk=3200)
        client.receive_all()

    assert_is_tone(bytes(live.calls[-1].pcm), seconds=2)


@pytest.mark.parametrize("is_sdk", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        b"ID3\x04" + bytes(400),
        b"fLaC" + bytes(400),
        b"\0\0\0\x20ftypisom" + bytes(400),
        wav(bytes(400), tag=1, bits=16, rate_hz=RATE_HZ, channels=2),
        wav(bytes(400), tag=1, bits=24, rate_hz=RATE_HZ),
        wav(bytes(400), tag=1, bits=16, rate_hz=96_000),
        b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 600,
        FLOAT[2],
        bytes(3200) + FLOAT[2],
    ],
)
def test_what_cannot_be_streamed_is_refused_at_once(
    speaker: Client, data: bytes, is_sdk: bool
) -> None:
    with talk(speaker) as client:
        if not is_sdk:
            client.begin()
        with suppress(ConnectionClosed):  # it may be refused before all of it is sent
            for start in range(0, len(data), 3200):
                client.send(data[start : start + 3200])
        last = client.receive_all()[-1]

    assert (last["code"], client.close_code) == ("unsupported_audio", 4400)
    assert not Transcript.objects.filter(credits_charged__gt=0).exists()


def test_a_stream_that_breaks_off_is_undecodable(speaker: Client) -> None:
    with talk(speaker) as client:
        client.begin()
        client.send(WEBM[2][:30] + b"\xfe" * 9000)
        client.send_frame({"action": "stop"})
        last = client.receive_all()[-1]

    assert (last["code"], client.close_code) == ("corrupt_media", 4400)


@pytest.mark.parametrize(
    "config",
    [
        {"encoding": "mp3"},
        {"encoding": 7},
        {"sample_rate": 4000},
        {"sample_rate": 96_000},
        {"sample_rate": True},
        {"sample_rate": "fast"},
    ],
)
def test_a_format_that_is_none(speaker: Client, config: dict[str, object]) -> None:
    with talk(speaker) as client:
        client.receive()
        client.send_frame(config)
        last = client.receive_all()[-1]

    assert (last["code"], client.close_code) == ("invalid_value", 4400)


def test_the_address_names_the_format(speaker: Client, live: FakeStream) -> None:
    with talk(speaker, query="encoding=pcm_f32le&sample_rate=48000") as client:
        speak(client, FLOAT[2], chunk=9999)
        client.send(b"")
        client.receive_all()

    assert_is_tone(bytes(live.calls[-1].pcm), seconds=2)


def test_a_client_that_leaves_ends_its_decoder(speaker: Client, live: FakeStream) -> None:
    with talk(speaker) as client:
        client.begin(encoding="webm_opus")
        client.send(WEBM[2][:4000])
        wait_until(lambda: bool(multiprocessing.active_children()), what="a decoder runs")

    wait_until(lambda: not multiprocessing.active_children(), what="the decoder ends")


def test_sound_without_words_is_mentioned_once(speaker: Client, live: FakeStream) -> None:
    live.scripts.append(StreamScript(is_silent=True))
    with talk(speaker) as client:
        client.begin()
        for _ in range(20):
            client.send(as_int16(tone(1, rate_hz=RATE_HZ)))
        notice = client.receive()
        while notice.get("notice") != audio_input.NOT_SPEECH.code:
            notice = client.receive()
        client.send_frame({"action": "stop"})
        rest = client.receive_all()

    assert "encoding" in notice["message"]
    assert audio_input.NOT_SPEECH.code not in [message.get("notice") for message in rest]


@pytest.mark.parametrize("level", [1, 30, 3000, 32_767])
def test_int16_is_never_taken_for_floats(level: int) -> None:
    noise = np.random.default_rng(7).normal(0, level / 3, 8000).clip(-level, level)
    sniffer = AudioSniffer(AudioFormat())

    data = noise.astype("<i2").tobytes()

    assert sniffer.take(data) == data
    assert sniffer.format.encoding is Encoding.PCM_S16LE


def test_floats_are_recognised_from_little() -> None:
    quiet = array("f", [0.001 * (number % 7 - 3.3) for number in range(100)]).tobytes()
    sniffer = AudioSniffer(AudioFormat())

    with pytest.raises(Exception, match="32-bit floats"):
        sniffer.take(quiet)


def speak(client: Talk, data: bytes, *, chunk: int, is_over: bool = True) -> None:
    for start in range(0, len(data), chunk):
        client.send(data[start : start + chunk])
    if is_over:
        client.send_frame({"action": "stop"})
