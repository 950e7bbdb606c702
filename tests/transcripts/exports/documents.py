"""Documents that try the formats: each is a name in `golden/`."""

from dataclasses import replace

from transcripts.exports.document import Document
from transcripts.text.segments import Segment
from transcripts.text.words import Word

HOSTILE = "<b>&\x08 --> {\\an8}"
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle"
# One sentence in each script that must render.
SENTENCES = {
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "el": "Καλημέρα κόσμε, πώς είστε σήμερα;",
    "ru": "Доброе утро! Съешь ещё этих мягких булок.",
    "ar": "صباح الخير يا عالم، هذا اختبار للنص العربي.",
    "he": "שלום עולם, זה מבחן של טקסט בעברית.",
    "hi": "नमस्ते दुनिया, क्षत्रिय और विद्यार्थी।",
    "th": "สวัสดีชาวโลก น้ำ ที่นี่ ผู้ใหญ่",
    "zh": "你好，世界。这是中文。",
    "ja": "こんにちは、世界。日本語です。",
    "ko": "안녕하세요, 세계. 한국어입니다.",
}


def segment(
    start_ms: int, end_ms: int, text: str, *, speaker: str | None = None, is_timed: bool = False
) -> Segment:
    """Return a segment; with `is_timed`, its words share its time out."""
    parts = text.split() if is_timed else []
    step_ms = (end_ms - start_ms) // max(1, len(parts))
    words = tuple(
        Word(part, start_ms + n * step_ms, start_ms + (n + 1) * step_ms, 0.9, n > 0)
        for n, part in enumerate(parts)
    )
    return Segment(start_ms, end_ms, text, words, 0.9, speaker_name=speaker)


def document(*segments: Segment, **fields: object) -> Document:
    names = dict.fromkeys(part.speaker_name for part in segments if part.speaker_name is not None)
    numbers = {name: number for number, name in enumerate(names, 1)}
    numbered = tuple(
        replace(part, speaker=numbers.get(part.speaker_name or "")) for part in segments
    )
    values: dict[str, object] = {
        "id": "00000000-0000-4000-8000-000000000000",
        "status": "completed",
        "language": "en",
        "duration_ms": max((part.end_ms for part in segments), default=0),
        "title": "A talk",
        "model": "tiny",
        **fields,
    }
    return Document(segments=numbered, speakers=tuple(names), **values)  # type: ignore[arg-type]


def scripts() -> Document:
    """Every script, each by a speaker of its own."""
    return document(
        *(
            segment(n * 5000, n * 5000 + 4000, text, speaker=f"Speaker {n + 1}")
            for n, text in enumerate(SENTENCES.values())
        ),
        title="Všechna písma",
    )


DOCUMENTS: dict[str, Document] = {
    "empty": document(),
    "one_word": document(segment(0, 40, "Yes.", is_timed=True)),
    "renamed": document(
        segment(0, 3000, "Good morning to everybody here.", speaker="Jiří Dvořák", is_timed=True),
        segment(3000, 5500, "And to you, Jiří.", speaker="Anna", is_timed=True),
        segment(5600, 9000, "Let us begin with the plan for May.", speaker="Anna", is_timed=True),
        segment(12_500, 14_000, "Please do.", speaker="Jiří Dvořák", is_timed=True),
    ),
    "corrected": document(
        segment(0, 3000, "What a person has corrected.", is_timed=True), is_corrected=True
    ),
    "hostile": document(
        segment(0, 2000, HOSTILE, speaker="<v Eve>\r\n=1+1"),
        segment(2000, 4000, "=cmd() | calc", speaker="+Mallory"),
        segment(4000, 6000, "-->\n\n2\n00:00:00,000 --> 00:00:09,000\nforged", speaker="-"),
        title='</title><script>alert("x")</script>',
    ),
    "long_word": document(segment(0, 9000, f"{LONG_WORD} ist ein Wort.", is_timed=True)),
    "overlapping": document(
        segment(0, 4000, "I was about to say something long.", speaker="A", is_timed=True),
        segment(1000, 3000, "Yes, yes.", speaker="B", is_timed=True),
        segment(3900, 4100, "No.", speaker="A", is_timed=True),
    ),
    "scripts": scripts(),
}
