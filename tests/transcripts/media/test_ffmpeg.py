"""FFmpeg reads what strangers send: a minimum version, and decoders of pictures that never open."""

import os
from pathlib import Path

import av
import numpy as np

from stt_web.operations.machine_checks import LEAST_FFMPEG
from transcripts.media import probe
from transcripts.media.messages import Pick
from transcripts.media.recording import RecordingFile


def write_video(path: Path) -> None:
    """A second of sound under MagicYUV, the codec of CVE-2026-8461."""
    with av.open(str(path), "w", format="avi") as container:
        picture = container.add_stream("magicyuv", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((96, 64), np.uint8), format="yuv420p")
            container.mux(picture.encode(frame))
        tone = (np.sin(np.arange(16_000) / 8) * 9000).astype(np.int16)
        samples = av.AudioFrame.from_ndarray(tone[None, :], format="s16", layout="mono")
        samples.sample_rate = 16_000
        container.mux(sound.encode(samples))
        for stream in (picture, sound):
            container.mux(stream.encode(None))


def test_ffmpeg_is_none_with_known_holes() -> None:
    version = str(av.ffmpeg_version_info).lstrip("n").split("-")[0]
    assert tuple(map(int, version.split("."))) >= LEAST_FFMPEG


def test_a_decoder_of_pictures_never_opens(tmp_path: Path) -> None:
    path = tmp_path / "talk.avi"
    write_video(path)
    # Only its decoder finds the format of the pixels: without our options it is opened at once.
    with av.open(str(path)) as opened:
        assert opened.streams.video[0].codec_context.pix_fmt == "yuv420p"
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size_bytes = path.stat().st_size
        with RecordingFile(descriptor, size_bytes=size_bytes, pick=Pick()).first() as recording:
            assert recording.has_video
            assert recording.container.streams.video[0].codec_context.pix_fmt is None
    finally:
        os.close(descriptor)


def test_its_sound_is_taken_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "talk.avi"
    write_video(path)
    assert 900 <= probe(path).duration_ms <= 1100
