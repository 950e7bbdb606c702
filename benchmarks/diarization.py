"""DER on dialogues of synthetic voices that nothing was tuned on: python -m benchmarks.diarization

Needs Debian's `flite`. Each dialogue has its own voices, sentences, pauses, turn lengths, loudness
and channel, drawn by the seed; `--development` takes the set that thresholds were chosen on. DER by
pyannote.metrics, collar 0.25, with the number of speakers given and unknown; on the turns, and on
the segments that a reader sees (sentences whose words have rough times, often with two speakers in
one). The speed is that of embedding, one thread. Prints Markdown; `--write FILE` keeps it.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference_service.engines.diarization import Embedder, Turn, cluster_turns, load_embedder
from tests.speech.dialogues.generate import (
    CHANNELS,
    RATE_HZ,
    VOICES,
    Dialogue,
    Plan,
    Spoken,
    find_speech,
    make_dialogue,
)
from tests.speech.dialogues.score import error_rate
from tests.speech.dialogues.sentences import DEVELOPMENT, HELD_OUT
from transcripts.services import speakers as labelling

WORD_TIME_ERROR_MS = 80  # standard deviation
PAUSES_S = ((0.2, 0.5), (0.2, 1.5), (0.5, 1.5))
SENTENCES_A_TURN = ((1, 1), (1, 2), (1, 3), (2, 4))


@dataclass(frozen=True, slots=True)
class Score:
    """Of one dialogue. `found`: how many speakers, where their number was unknown."""

    plan: Plan
    found: int
    turns_given: float
    turns_unknown: float
    segments_given: float
    segments_unknown: float

    @property
    def has_twins(self) -> bool:
        """kal is kal16 at half the rate: one man, told apart by bandwidth alone."""
        return {"kal", "kal16"} <= set(self.plan.voices)


def draw_plans(count: int, *, seed: int, sentences: tuple[str, ...]) -> Iterator[Plan]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        number = int(rng.choice([1, 2, 3, 4], p=[0.15, 0.35, 0.25, 0.25]))
        yield Plan(
            seed=int(rng.integers(1 << 30)),
            voices=tuple(str(v) for v in rng.choice(VOICES, number, replace=False)),
            length_s=float(rng.choice([20, 30, 45, 60, 90])),
            pause_s=PAUSES_S[rng.integers(len(PAUSES_S))],
            sentences_a_turn=SENTENCES_A_TURN[rng.integers(len(SENTENCES_A_TURN))],
            volume_db=float(rng.choice([0, 3, 6])),
            channel=CHANNELS[rng.integers(len(CHANNELS))],
            sentences=sentences,
        )


def measure(plan: Plan, embedder: Embedder) -> tuple[Score, float, float]:
    """(score, seconds of speech, seconds that embedding took)"""
    dialogue = make_dialogue(plan)
    stretches = find_speech(dialogue.samples)
    started = time.perf_counter()
    turns = [
        turn
        for start, end in stretches
        for turn in embedder.embed_turns(dialogue.samples[start:end], offset_s=start / RATE_HZ)
    ]
    took_s = time.perf_counter() - started
    given = cluster_turns(turns, speakers=len(plan.voices), embedder_name=embedder.name)
    unknown = cluster_turns(turns, speakers=0, embedder_name=embedder.name)
    segments = make_segments(dialogue.spoken, np.random.default_rng(plan.seed))
    score = Score(
        plan,
        max(unknown, default=0),
        _on_turns(dialogue, turns, given),
        _on_turns(dialogue, turns, unknown),
        _on_segments(dialogue, segments, turns, given),
        _on_segments(dialogue, segments, turns, unknown),
    )
    return score, sum(end - start for start, end in stretches) / RATE_HZ, took_s


def make_segments(spoken: Sequence[Spoken], rng: np.random.Generator) -> list[labelling.Segment]:
    """What a recogniser might make of it: every third sentence shares a segment with the next."""
    segments: list[labelling.Segment] = []
    words: list[labelling.Word] = []
    for sentence in spoken:
        words += _guess_words(sentence, rng, not_before_ms=words[-1].end_ms if words else 0)
        if rng.random() > 1 / 3 or sentence is spoken[-1]:
            text = " ".join(word.text for word in words)
            span = (words[0].start_ms, max(words[-1].end_ms, words[0].start_ms + 1))
            segments.append(labelling.Segment(*span, text, tuple(words), 0.9))
            words = []
    return segments


def _guess_words(
    sentence: Spoken, rng: np.random.Generator, *, not_before_ms: int
) -> list[labelling.Word]:
    texts = sentence.text.split()
    shares = np.cumsum([0, *(len(text) for text in texts)]) / sum(len(text) for text in texts)
    times_ms = 1000 * (sentence.start_s + shares * (sentence.end_s - sentence.start_s))
    rough_ms = times_ms + rng.normal(0, WORD_TIME_ERROR_MS, len(times_ms))
    edges = np.maximum.accumulate(np.maximum(rough_ms, not_before_ms)).round().astype(int).tolist()
    return [
        labelling.Word(text, edges[at], edges[at + 1], 0.9, space_before=at > 0)
        for at, text in enumerate(texts)
    ]


def _on_turns(dialogue: Dialogue, turns: Sequence[Turn], labels: Sequence[int]) -> float:
    found = [(t.start_s, t.end_s, label) for t, label in zip(turns, labels, strict=True)]
    return error_rate(dialogue.spoken, found)


def _on_segments(
    dialogue: Dialogue,
    segments: list[labelling.Segment],
    turns: Sequence[Turn],
    labels: Sequence[int],
) -> float:
    spans = [labelling.Turn(round(1000 * t.start_s), round(1000 * t.end_s)) for t in turns]
    labelled = labelling.assign_speakers(segments, spans, labels)
    found = [(piece.start_ms / 1000, piece.end_ms / 1000, piece.speaker) for piece in labelled]
    return error_rate(dialogue.spoken, found)


def report(scores: Sequence[Score], *, speed: float, embedder: Embedder) -> str:
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        groups["all"].append(score)
        number = len(score.plan.voices)
        groups["with both kal and kal16" if score.has_twins else f"{number} voices"].append(score)
    lines = [
        f"Embedder {embedder.name}, {len(scores)} dialogues; embedding at {speed:.0f} × real time "
        "of the speech, on one busy core.",
        "",
        "| dialogues | n | turns, given | turns, unknown | segments, given | segments, unknown "
        "| number found | worst given | worst unknown |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(name, groups[name]) for name in sorted(groups)),
    ]
    return "\n".join(lines)


def _row(name: str, scores: list[Score]) -> str:
    def mean(of: Callable[[Score], float]) -> str:
        return f"{100 * float(np.mean([of(score) for score in scores])):.1f} %"

    cells = [
        name,
        str(len(scores)),
        mean(lambda s: s.turns_given),
        mean(lambda s: s.turns_unknown),
        mean(lambda s: s.segments_given),
        mean(lambda s: s.segments_unknown),
        mean(lambda s: s.found == len(s.plan.voices)),
        f"{100 * max(s.turns_given for s in scores):.1f} %",
        f"{100 * max(s.turns_unknown for s in scores):.1f} %",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--models", type=Path, default=Path("var/models"))
    parser.add_argument("--development", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    sentences = DEVELOPMENT if options.development else HELD_OUT
    embedder = load_embedder(options.models)
    plans = draw_plans(options.count, seed=options.seed, sentences=sentences)
    measured = [measure(plan, embedder) for plan in plans]
    speed = sum(speech for _, speech, _ in measured) / sum(took for _, _, took in measured)
    text = report([score for score, _, _ in measured], speed=speed, embedder=embedder)
    print(text)
    if options.write:
        options.write.write_text(text + "\n")


if __name__ == "__main__":
    main()
