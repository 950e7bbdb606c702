"""Makes the speech fixtures of this folder, and the sample of `make run`, with flite.

    apt install flite && python tests/speech/make.py

The recordings are committed: this is needed only to make them again. `recordings.json` holds what
is spoken in each, in which voice. The sentences were written once, before anything was measured on
them, in plain words; none was taken out afterwards. (The sample's last sentence was chosen so that
the offline engine gets it right: it is a demonstration, not a measurement.)
"""

import json
import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from faster_whisper.audio import decode_audio

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parent.parent / "samples"
SAMPLE_RATE_HZ = 16_000
PAUSE_S = 0.7

Samples = npt.NDArray[np.int16]

# name → (voice, sentences; a pause follows each)
RECORDINGS = {
    "clean_01": ("slt", ["we will meet at the station tomorrow morning"]),
    "clean_02": ("rms", ["the children are playing in the garden behind the house"]),
    "clean_03": ("awb", ["please send me the report before the end of the week"]),
    "clean_04": ("kal16", ["it was a cold day and there was snow on the ground"]),
    "clean_05": ("slt", ["my brother works for a small company in the city"]),
    "clean_06": ("rms", ["could you tell me what time the next train leaves"]),
    "clean_07": ("awb", ["she opened the window and looked at the people in the street"]),
    "clean_08": ("kal16", ["the government said that prices will rise again next year"]),
    "clean_09": ("slt", ["i have never seen so many birds in one place"]),
    "clean_10": ("rms", ["he put the money on the table and left without a word"]),
    "clip_5s": (
        "slt",
        [
            "good morning and thank you all for coming to the meeting this morning we have a lot"
            " to do"
        ],
    ),
    "talk_30s": (
        "rms",
        [
            "today i want to talk about the history of our town",
            "more than two hundred years ago there was only a small village by the river",
            "most of the people were farmers and they worked in the fields from morning to night",
            "then the railroad came and everything began to change",
            "new families moved here and many of them found work in the factory",
            "after the war they built a school and a hospital",
            "today it is a good place to live",
        ],
    ),
}
SAMPLE = (
    "slt",
    [
        "hello and welcome to our speech to text service",
        "you can send any recording to the server",
        "it writes down everything that was said",
    ],
)


def main() -> None:
    contents = {}
    for name, (voice, sentences) in RECORDINGS.items():
        samples = speak_all(sentences, voice=voice)
        write_flac(FOLDER / f"{name}.flac", samples)
        contents[name] = {
            "voice": voice,
            "duration_ms": round(1000 * len(samples) / SAMPLE_RATE_HZ),
            "text": " ".join(sentences),
        }
    (FOLDER / "recordings.json").write_text(json.dumps(contents, indent=1) + "\n")
    write_flac(SAMPLES / "hello.flac", speak_all(SAMPLE[1], voice=SAMPLE[0]))


def speak_all(sentences: list[str], *, voice: str) -> Samples:
    """Return int16 (n_samples,), mono, 16 kHz."""
    pause = np.zeros(int(PAUSE_S * SAMPLE_RATE_HZ), np.int16)
    parts = [part for text in sentences for part in (speak(text, voice=voice), pause)]
    return np.concatenate([pause[: len(pause) // 2], *parts[:-1], pause[: len(pause) // 2]])


def speak(text: str, *, voice: str) -> Samples:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file.name], check=True)
        samples = decode_audio(file.name, sampling_rate=SAMPLE_RATE_HZ)
    return np.asarray(samples * 32767, np.int16)


def write_flac(path: Path, samples: Samples) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


if __name__ == "__main__":
    main()
