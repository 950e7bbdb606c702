"""Each engine of the process, asked over its socket as the main service asks."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import grpc
import numpy as np
import numpy.typing as npt
import pytest
from faster_whisper import decode_audio

from protos.stt.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
    speech_pb2,
    speech_pb2_grpc,
    voice_pb2,
    voice_pb2_grpc,
)
from tests.torch_engines.conftest import TorchProcess

pytestmark = [pytest.mark.torch_engines, pytest.mark.timeout(600)]
SPEECH = Path(__file__).resolve().parent.parent / "speech"
RATE_HZ = 16_000
Pcm = npt.NDArray[np.int16]


def load(*names: str) -> Pcm:
    samples = [decode_audio(str(SPEECH / f"{name}.flac")) for name in names]
    return np.asarray(np.round(np.concatenate(samples) * 32767), "<i2")


def get_info(channel: grpc.Channel) -> server_pb2.ServerInfo:
    return server_pb2_grpc.ServerStub(channel).GetInfo(server_pb2.GetInfoRequest(), timeout=10)


def diarize(
    channel: grpc.Channel, pcm: Pcm, *, diarizer: str = "", speakers: int = 0
) -> list[audio_pb2.DiarizeRecordingEvent]:
    def requests() -> Iterator[audio_pb2.DiarizeRecordingRequest]:
        config = audio_pb2.DiarizeRecordingConfig(diarizer=diarizer, speakers=speakers)
        yield audio_pb2.DiarizeRecordingRequest(config=config)
        for start in range(0, len(pcm), 100_000):
            chunk = speech_pb2.AudioChunk(pcm=pcm[start : start + 100_000].tobytes())
            yield audio_pb2.DiarizeRecordingRequest(audio=chunk)

    return list(audio_pb2_grpc.AudioStub(channel).DiarizeRecording(requests(), timeout=500))


def turns_of(events: list[audio_pb2.DiarizeRecordingEvent]) -> list[tuple[int, int, int]]:
    assert events[0].HasField("accepted")
    assert events[-1].turns.is_last
    return [(t.start_ms, t.end_ms, t.speaker) for event in events for t in event.turns.turns]


def align(channel: grpc.Channel, pcm: Pcm, *words: str, language: str) -> list[speech_pb2.Word]:
    request = speech_pb2.AlignRequest(
        language=language, pcm=pcm.tobytes(), words=[speech_pb2.Word(text=word) for word in words]
    )
    return list(speech_pb2_grpc.SpeechStub(channel).Align(request, timeout=300).words)


def test_it_lists_what_is_installed(channel: grpc.Channel) -> None:
    info = get_info(channel)
    engines = {engine.id: engine for engine in info.optional_engines}
    assert info.device.kind == "cpu"
    assert set(engines) == {
        "wav2vec2",
        "pyannote-3.1",
        "pyannote-community-1",
        "pyannote-campplus",
        "perth",
    }
    assert all(engine.available for engine in engines.values())
    assert list(engines["wav2vec2"].languages) == ["cs", "ja"]
    assert engines["pyannote-campplus"].licence == "MIT AND Apache-2.0"


@pytest.mark.parametrize("name", ["clean_01", "talk_30s"])
def test_a_reading_is_one_speaker_by_segmentation_3_and_campplus(
    channel: grpc.Channel, name: str
) -> None:
    pcm = load(name)
    turns = turns_of(diarize(channel, pcm, diarizer="pyannote-campplus"))
    assert {speaker for *_, speaker in turns} == {1}
    spoken_ms = sum(end_ms - start_ms for start_ms, end_ms, _ in turns)
    assert spoken_ms > 0.5 * len(pcm) / 16
    assert all(0 <= start_ms < end_ms <= len(pcm) / 16 + 20 for start_ms, end_ms, _ in turns)


def test_silence_and_noise_have_no_invented_speakers(channel: grpc.Channel) -> None:
    silence = np.zeros(20 * RATE_HZ, "<i2")
    noise = np.random.default_rng(0).normal(0, 300, 20 * RATE_HZ).astype("<i2")
    for pcm in (silence, noise, silence[:100], silence[:0]):
        assert turns_of(diarize(channel, pcm, diarizer="pyannote-campplus")) == []


@pytest.mark.parametrize("diarizer", ["pyannote-community-1", "pyannote-3.1"])
def test_pipelines_of_the_published_formats_are_read_without_the_hub(
    channel: grpc.Channel, diarizer: str
) -> None:
    turns = turns_of(diarize(channel, load("clean_01"), diarizer=diarizer, speakers=2))
    assert turns == sorted(turns)
    assert all(start_ms < end_ms for start_ms, end_ms, _ in turns)


def test_a_diarizer_that_is_not_installed_is_refused_with_what_to_do(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        diarize(channel, load("clean_01"), diarizer="pyannote-community-2")
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "catalog pull pyannote-campplus" in str(refused.value)


def test_words_are_placed_by_wav2vec2_in_order_and_inside_the_sound(channel: grpc.Channel) -> None:
    pcm = load("clean_01")
    words = ["Dobrý", "den,", "—", "je", "1984", "lidé."]
    placed = align(channel, pcm, *words, language="cs")
    assert [word.text for word in placed] == words
    aligned = [word for word in placed if word.timing == speech_pb2.TIMING_ALIGNED]
    assert len(aligned) >= 4
    times = [time for word in aligned for time in (word.start_ms, word.end_ms)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= len(pcm) / 16


def test_a_script_without_spaces_is_placed_character_by_character(channel: grpc.Channel) -> None:
    placed = align(channel, load("clean_01"), "今日は", "天気", "いい", language="ja")
    assert [word.timing for word in placed] == [speech_pb2.TIMING_ALIGNED] * 3
    assert placed[0].end_ms <= placed[1].start_ms


@pytest.mark.parametrize(("language", "pcm"), [("de", b"\0\0"), ("cs", b""), ("cs", b"\0")])
def test_what_cannot_be_aligned_is_refused(
    channel: grpc.Channel, language: str, pcm: bytes
) -> None:
    request = speech_pb2.AlignRequest(language=language, pcm=pcm)
    with pytest.raises(grpc.RpcError) as refused:
        speech_pb2_grpc.SpeechStub(channel).Align(request, timeout=60)
    expected = grpc.StatusCode.INVALID_ARGUMENT
    if language == "de":
        expected = grpc.StatusCode.FAILED_PRECONDITION
    assert refused.value.code() is expected


def through_mp3(pcm: Pcm, *, bit_rate: int = 64_000) -> Pcm:
    """Encode and decode, without the encoder's delay being taken off."""
    written = io.BytesIO()
    with av.open(written, "w", format="mp3") as container:
        stream = container.add_stream("mp3", rate=RATE_HZ, layout="mono")
        stream.bit_rate = bit_rate
        resampler = av.AudioResampler(
            stream.format.name, "mono", RATE_HZ, frame_size=stream.codec_context.frame_size
        )
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    written.seek(0)
    return np.asarray(np.round(decode_audio(written) * 32767), "<i2")


def test_the_watermark_is_found_again_after_mp3_and_nowhere_else(channel: grpc.Channel) -> None:
    stub = voice_pb2_grpc.VoiceStub(channel)

    def detect(pcm: Pcm) -> voice_pb2.DetectWatermarkResponse:
        request = voice_pb2.DetectWatermarkRequest(pcm=pcm.tobytes(), sample_rate_hz=RATE_HZ)
        return stub.DetectWatermark(request, timeout=120)

    clean = load("talk_30s")
    request = voice_pb2.AddWatermarkRequest(pcm=clean.tobytes(), sample_rate_hz=RATE_HZ)
    answer = stub.AddWatermark(request, timeout=120)
    marked = np.frombuffer(answer.pcm, "<i2")

    assert answer.watermark == "perth"
    assert len(marked) == len(clean)
    added = marked.astype(float) - clean
    assert 10 * np.log10(np.mean(clean.astype(float) ** 2) / np.mean(added**2)) > 10
    assert detect(marked).found
    assert detect(through_mp3(marked)).found
    assert detect(marked[5 * RATE_HZ : 10 * RATE_HZ]).found
    for other in (clean, through_mp3(clean), np.zeros(RATE_HZ * 5, "<i2")):
        assert not detect(other).found


def speak(
    channel: grpc.Channel, text: str, *, engine: str, seed: int = 0, reference_text: str = ""
) -> list[voice_pb2.SynthesizeEvent]:
    reference = voice_pb2.Reference(
        pcm=load("clean_01")[: 5 * RATE_HZ].tobytes(),
        sample_rate_hz=RATE_HZ,
        text=reference_text,
    )
    request = voice_pb2.SynthesizeRequest(text=text, engine=engine, reference=reference, seed=seed)
    return list(voice_pb2_grpc.VoiceStub(channel).Synthesize(request, timeout=500))


def pcm_of(events: list[voice_pb2.SynthesizeEvent]) -> bytes:
    return b"".join(event.chunk.pcm for event in events)


def test_pocket_tts_speaks_in_a_references_voice_and_repeats_itself_by_the_seed(
    channel: grpc.Channel,
) -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 6
    first = speak(channel, text, engine="pocket-tts", seed=7)
    accepted, finished = first[0].accepted, first[-1].finished

    assert (accepted.engine, accepted.language, accepted.voice) == ("pocket-tts", "en", "")
    assert accepted.sample_rate_hz == 24_000
    assert accepted.sentences == 1 + max(event.chunk.sentence for event in first) > 1
    assert finished.samples == len(pcm_of(first)) // 2 > 0
    assert finished.watermark == "perth"
    assert pcm_of(speak(channel, text, engine="pocket-tts", seed=7)) == pcm_of(first)
    assert pcm_of(speak(channel, text, engine="pocket-tts", seed=8)) != pcm_of(first)


def test_f5_tts_speaks_where_its_packages_are_installed(channel: grpc.Channel) -> None:
    listed = voice_pb2_grpc.VoiceStub(channel).ListVoices(voice_pb2.ListVoicesRequest(), timeout=10)
    f5 = next(engine for engine in listed.engines if engine.id == "f5-tts")
    assert f5.is_non_commercial
    if not f5.available:
        assert "make torch-f5" in f5.install_hint
        pytest.skip("F5-TTS is not installed: make torch-f5")
    events = speak(
        channel, "The lazy dog.", engine="f5-tts", reference_text="The quick brown fox jumps."
    )
    assert events[-1].finished.samples == len(pcm_of(events)) // 2 > 0
    with pytest.raises(grpc.RpcError, match="what is said"):
        speak(channel, "The lazy dog.", engine="f5-tts")


def test_nothing_is_fetched_and_no_other_user_may_open_the_socket(
    torch_process: TorchProcess,
) -> None:
    assert torch_process.socket.stat().st_mode & 0o077 == 0
    assert torch_process.process is not None
    environ = Path(f"/proc/{torch_process.process.pid}/oom_score_adj").read_text()
    assert int(environ) == 600
    log = torch_process.log.read_text()
    assert "huggingface.co" not in log
    assert "quick brown fox" not in log  # what is spoken belongs to who wrote it
