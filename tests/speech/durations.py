"""Speech of flite with the exact times of its words, from flite's own durations of sounds.

    apt install flite && python -m tests.speech.durations      (writes word_times.json)

flite prints when each sound ends (`-psdur`), but not of which word it is. The sounds of each word
spoken alone are matched with those of the sentence (a vowel may be reduced there), which gives each
sound its word.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper.audio import decode_audio

from tests.speech.make import FOLDER, PAUSE_S, RECORDINGS, SAMPLE_RATE_HZ

WordTime = tuple[str, float, float]  # seconds
Samples = npt.NDArray[np.int16]

_VOWELS = frozenset(
    (
        "aa",
        "ae",
        "ah",
        "ao",
        "aw",
        "ax",
        "axr",
        "ay",
        "eh",
        "er",
        "ey",
        "ih",
        "iy",
        "ow",
        "oy",
        "uh",
        "uw",
    )
)


def main() -> None:
    times = {
        name: [(word, round(1000 * start_s), round(1000 * end_s)) for word, start_s, end_s in words]
        for name, (voice, sentences) in RECORDINGS.items()
        for _, words in [speak_timed(sentences, voice=voice, pause_s=PAUSE_S)]
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(words)}" for name, words in times.items())
    (FOLDER / "word_times.json").write_text(f"{{\n{lines}\n}}\n")


def speak_timed(
    sentences: Sequence[str], *, voice: str, pause_s: float
) -> tuple[Samples, list[WordTime]]:
    """Return int16 (n_samples,), mono, 16 kHz, and the times of its words.

    Half a pause stands at both ends, a pause between two sentences, as in `make.speak_all`.
    """
    pause = np.zeros(int(pause_s * SAMPLE_RATE_HZ), np.int16)
    parts, words = [pause[: len(pause) // 2]], []
    for number, sentence in enumerate(sentences):
        if number:
            parts.append(pause)
        offset_s = sum(map(len, parts)) / SAMPLE_RATE_HZ
        samples, own = _speak(sentence, voice=voice)
        parts.append(samples)
        words += [(word, start + offset_s, end + offset_s) for word, start, end in own]
    return np.concatenate([*parts, pause[: len(pause) // 2]]), words


def _speak(sentence: str, *, voice: str) -> tuple[Samples, list[WordTime]]:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        sounds = _run_flite(sentence, voice=voice, path=file.name)
        samples = decode_audio(file.name, sampling_rate=SAMPLE_RATE_HZ)
    spoken = [(name, start, end) for name, start, end in sounds if name != "pau"]
    words = sentence.split()
    owners = _find_owners(words, [name for name, _, _ in spoken])
    times: list[WordTime] = []
    for at, word in enumerate(words):
        own = [each for each, owner in zip(spoken, owners, strict=True) if owner == at]
        times.append((word, own[0][1], own[-1][2]))
    return np.asarray(samples * 32767, np.int16), times


def _run_flite(text: str, *, voice: str, path: str) -> list[tuple[str, float, float]]:
    """Return each sound with its start and end in seconds."""
    command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", path]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    ends = [part.rsplit(":", 1) for part in printed.split() if ":" in part]
    starts = [0.0, *(float(end) for _, end in ends)]
    return [(name, start, float(end)) for (name, end), start in zip(ends, starts, strict=False)]


def _find_owners(words: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """Return for each sound of the sentence the number of its word, by the cheapest matching."""
    alone = [
        (sound, at)
        for at, word in enumerate(words)
        for sound, _, _ in _run_flite(word.strip(",.?!"), voice="kal", path="none")
        if sound != "pau"
    ]
    costs = np.zeros((len(alone) + 1, len(spoken) + 1))
    costs[:, 0], costs[0] = np.arange(len(alone) + 1), np.arange(len(spoken) + 1)
    for row, (sound, _) in enumerate(alone, start=1):
        for column, other in enumerate(spoken, start=1):
            costs[row, column] = min(
                costs[row - 1, column - 1] + _difference(sound, other),
                costs[row - 1, column] + 1,
                costs[row, column - 1] + 1,
            )
    owners = [-1] * len(spoken)
    row, column = len(alone), len(spoken)
    while row and column:
        sound, owner = alone[row - 1]
        diagonal = costs[row - 1, column - 1] + _difference(sound, spoken[column - 1])
        if costs[row, column] == diagonal:
            row, column = row - 1, column - 1
            owners[column] = owner
        elif costs[row, column] == costs[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
    for at, owner in enumerate(owners):
        if owner < 0:
            owners[at] = owners[at - 1] if at else 0
    return owners


def _difference(sound: str, other: str) -> float:
    if sound == other:
        return 0.0
    if (sound in _VOWELS) != (other in _VOWELS):
        return 2.5
    return 0.7 if sound in _VOWELS else 1.1


def read_word_times() -> dict[str, list[tuple[str, int, int]]]:
    """Return the committed times: recording → (word, start_ms, end_ms)."""
    read = json.loads((Path(FOLDER) / "word_times.json").read_text())
    return {name: [(word, start, end) for word, start, end in own] for name, own in read.items()}


if __name__ == "__main__":
    main()
