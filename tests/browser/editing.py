"""A transcript for the pages' tests: made by an import, or with a recording of its own."""

import json
import sys
from typing import Any

import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.processes import System

SPOKEN = (
    ("Anna", "The budget was small this year."),
    ("Anna", "We saw the budget grow in spring."),
    ("Ben", "Nobody asked about the budget again."),
    ("Ben", "Let us talk about the trains."),
    ("Anna", "The trains were late every morning."),
)
UNSURE = {"saw": 0.21, "trains.": 0.32}


def import_transcript(system: System, *, title: str = "Meeting") -> str:
    """Return the id of five lines of two speakers, four seconds each; two words are unsure."""
    segments = []
    for number, (speaker, text) in enumerate(SPOKEN):
        words = text.split()
        step = 4 / len(words)
        segments.append(
            {
                "start": 4.0 * number,
                "end": 4.0 * number + 4,
                "text": text,
                "speaker": speaker,
                "words": [
                    {
                        "word": word,
                        "start": round(4 * number + at * step, 3),
                        "end": round(4 * number + (at + 1) * step, 3),
                        "confidence": UNSURE.get(word, 0.95),
                    }
                    for at, word in enumerate(words)
                ],
            }
        )
    content = {"text": " ".join(text for _, text in SPOKEN), "language": "en", "segments": segments}
    answer = requests.post(
        f"{system.url}/api/v1/transcripts/import/",
        headers=system.headers,
        files={"file": (f"{title}.json", json.dumps(content))},
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


SEED = """
import uuid
from pathlib import Path
from django.conf import settings
from accounts.models import User
from tests.browser.media import write_video, write_tone
from tests.transcripts.rows import create_transcript
from transcripts.models import Segment, Speaker
name = f"{{uuid.uuid4().hex}}/recording"
path = Path(settings.MEDIA_ROOT) / name
path.parent.mkdir(parents=True)
({write})(path, seconds={seconds})
t = create_transcript(
    owner=User.objects.get(email="e2e@example.com"), path=name, title="Seeded", language="en",
    status="completed", audio_duration_ms={seconds} * 1000, container="{container}",
    probed_ms={seconds} * 1000, model_used="tiny", model_requested="tiny")
anna = Speaker.objects.create(transcript=t, position=1, label="Speaker 1")
segments = []
for n in range({seconds} * 1000 // {line_ms}):
    words = f"line {{n}} has these six words".split()
    at, step = n * {line_ms} + {line_ms} // 20, {line_ms} // 8
    segments.append(Segment(
        transcript=t, position=n, start_ms=at, end_ms=at + 6 * step, text=" ".join(words),
        speaker=anna, confidence=0.9, words=[
            {{"word": w, "start_ms": at + k * step, "end_ms": at + k * step + step,
              "confidence": 0.9, "space_before": k > 0, "timing": "aligned"}}
            for k, w in enumerate(words)]))
Segment.objects.bulk_create(segments)
print(t.pk)
"""


def seed_transcript(
    system: System, *, seconds: int, is_video: bool = False, line_ms: int = 4000
) -> str:
    """Return the id of a transcript with a recording: a line of six words every `line_ms`."""
    write, container = ("write_video", "WebM") if is_video else ("write_tone", "WAV")
    code = SEED.format(seconds=seconds, write=write, container=container, line_ms=line_ms)
    return system.run(sys.executable, "manage.py", "shell", "-v0", "-c", code).split()[-1]


def api(system: System, method: str, path: str, **body: Any) -> Any:
    answer = requests.request(
        method,
        f"{system.url}/api/v1/transcripts/{path}",
        headers=system.headers,
        json=body or None,
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None


def texts_of(system: System, transcript_id: str) -> list[str]:
    return [each["text"] for each in api(system, "GET", f"{transcript_id}/segments/")["results"]]


def open_transcript(page: Page, system: System, transcript_id: str) -> None:
    page.goto(f"{system.url}/transcripts/{transcript_id}/")
    expect(page.locator(".segment [contenteditable]").first).to_be_visible()


def line(page: Page, number: int) -> Locator:
    return page.locator("#segments .segment").nth(number)


def text_of(page: Page, number: int) -> Locator:
    return line(page, number).locator(".text")


def enter(page: Page, number: int, offset: int) -> None:
    """Put the caret into a line, before a character."""
    text_of(page, number).click()
    page.evaluate(
        "offset => { const node = document.activeElement.firstChild;"
        " getSelection().collapse(node, offset); }",
        offset,
    )


def type_line(page: Page, number: int, text: str) -> None:
    """Replace a line's text, and leave it."""
    text_of(page, number).click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)
    page.keyboard.press("Escape")


def expect_saved(page: Page) -> None:
    expect(page.locator("#saving")).to_have_text("All changes saved")


def marked(page: Page, name: str) -> list[str]:
    """Return the words that are marked under a name."""
    return list(
        page.evaluate(
            "name => [...(CSS.highlights.get(name) ?? [])].map(({startContainer: node, startOffset,"
            " endOffset}) => node.data.slice(startOffset, endOffset))",
            name,
        )
    )
