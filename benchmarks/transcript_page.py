"""The page of a three-hour transcript: `python -m benchmarks.transcript_page`.

30,000 made-up words in 2,500 lines of four speakers are imported; then, in Chromium by Playwright:
the size of the page as it is and as gzip sends it, how long until a line can be edited, frames
while scrolling 60 px a frame for 4 s, beside a plain page of 6,000 paragraphs scrolled before and
after, how long an edit takes until it is shown and until it is saved, elements, stops of the Tab
key, and the script heap; the largest paint and the layout's shifts; what the page's files weigh as
they are sent; and, of a recording that is played, how many words were lit and how long after they
began. The bounds are pages' own promises: a second to open and for the largest paint, shifts of
0.02, 150 kB of HTML and 100 kB of files, 0.9 of the plain page's frames, 100 ms, 40 stops, 15 MB,
50 ms for a word. Frames and times depend on what else the machine does: the load is printed with
them.
"""

import gzip
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import brotli
import requests
from playwright.sync_api import Page, Response, sync_playwright

from tests.browser.editing import seed_transcript
from tests.browser.session import log_in
from tests.e2e.processes import System
from tests.services import chromium

LINES, WORDS_A_LINE = 2_500, 12
SCROLL_S = 4
RUNS = 3
PLAYED_S = 16
WORDS = [
    "the",
    "a",
    "we",
    "team",
    "ship",
    "budget",
    "quarterly",
    "revenue",
    "growth",
    "customer",
    "meeting",
    "before",
    "when",
    "however",
    "because",
    "everyone",
    "nobody",
    "until",
    "should",
    "decided",
    "noticed",
    "blocked",
    "quick",
    "three",
    "Thursday",
    "morning",
    "across",
    "on",
]
SCROLL = """async seconds => {
  scrollTo(0, 0);
  await new Promise(resolve => setTimeout(resolve, 300));
  const end = performance.now() + seconds * 1000;
  let frames = 0;
  await new Promise(resolve => {
    const step = () => {
      scrollBy(0, 60);
      frames += 1;
      if (performance.now() < end) requestAnimationFrame(step); else resolve();
    };
    requestAnimationFrame(step);
  });
  return frames;
}"""
# A line out of sight isn't laid out, and nothing can be typed into it before the next frame.
EDIT = """async () => {
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  scrollTo(0, 0);
  await frame();
  await frame();
  const text = document.querySelectorAll('#segments .segment .text')[3];
  const saving = document.getElementById('saving');
  text.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}));
  text.focus();
  saving.textContent = '';
  const started = performance.now();
  if (!document.execCommand('insertText', false, 'x')) throw new Error('nothing was typed');
  await frame();
  await frame();
  const shown = performance.now() - started;
  const left = performance.now();
  text.blur();
  while (saving.dataset.state !== 'saved' || !saving.textContent) {
    if (performance.now() > left + 30_000) throw new Error('it was not saved');
    await new Promise(resolve => setTimeout(resolve, 2));
  }
  return [shown, performance.now() - left];
}"""
PAINTS = """() => new Promise(resolve => {
  const found = {lcp: 0, cls: 0};
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) found.lcp = entry.startTime;
  }).observe({type: 'largest-contentful-paint', buffered: true});
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) found.cls += entry.value;
  }).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => resolve(found), 500);
})"""
# Each word that is lit: how long after its beginning (ms); and how many words were played.
LIT = """async seconds => {
  const answer = await fetch(`/api/v1/transcripts/${segments.dataset.transcript}/segments/`);
  const starts = new Map();
  for (const {id, text, words} of (await answer.json()).results) {
    let at = 0;
    for (const {word, start} of words) {
      at = text.indexOf(word, at);
      starts.set(`s-${id} ${at}`, start);
      at += word.length;
    }
  }
  const late = [];
  let lit = '';
  await player.play();
  while (player.currentTime < seconds) {
    await new Promise(resolve => requestAnimationFrame(resolve));
    const [range] = CSS.highlights.get('playing') ?? [];
    const item = range?.startContainer.parentElement.closest('li');
    const place = item && `${item.id} ${range.startOffset}`;
    if (!place || place === lit) continue;
    lit = place;
    late.push(Math.round(1000 * (player.currentTime - starts.get(place))));
  }
  player.pause();
  const spoken = [...starts.values()].filter(start => start < seconds - 0.2).length;
  return {late: late.sort((a, b) => a - b), spoken};
}"""
STOPS = """[...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex],'
  + ' [contenteditable]')].filter(each => each.tabIndex >= 0 && !each.disabled
  && each.checkVisibility()).length"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, System(Path(folder) / "data") as system:
        system.start("web")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox", "--enable-precise-memory-info"]
            )
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            log_in(context, system)
            address = f"{system.url}/transcripts/{import_lines(system.url, system.headers)}/"
            report(measure(context.new_page(), address))
            played = f"{system.url}/transcripts/{seed_transcript(system, seconds=PLAYED_S + 4)}/"
            report(measure_words(context.new_page(), played))
            browser.close()


def import_lines(url: str, headers: dict[str, str]) -> str:
    answer = requests.post(
        f"{url}/api/v1/transcripts/import/",
        headers=headers,
        files={"file": ("hours.json", json.dumps(_make_lines()))},
        timeout=120,
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


def _make_lines() -> dict[str, Any]:
    chance = random.Random(1)  # noqa: S311
    segments, at = [], 0.0
    for number in range(LINES):
        words = []
        for word in chance.choices(WORDS, k=WORDS_A_LINE):
            words.append(
                {
                    "word": word,
                    "start": round(at, 3),
                    "end": round(at + 0.34, 3),
                    "confidence": round(chance.uniform(0.35, 1), 3),
                }
            )
            at += 0.35
        segments.append(
            {
                "start": words[0]["start"],
                "end": words[-1]["end"],
                "text": " ".join(str(each["word"]) for each in words),
                "speaker": f"Speaker {number // 3 % 4 + 1}",
                "words": words,
            }
        )
    return {"text": "", "language": "en", "segments": segments}


def measure(page: Page, address: str) -> dict[str, Any]:
    sizes, opens, servers, paints = [], [], [], []
    files: dict[str, int] = {}  # as they are sent: what lies in Chromium's memory counts as decoded
    page.on("response", lambda found: files.update(_weigh(found)))
    for _ in range(RUNS):
        started = time.monotonic()
        answer = page.goto(address, wait_until="commit")
        page.wait_for_selector(".segment [contenteditable]")
        opens.append(time.monotonic() - started)
        paints.append(page.evaluate(PAINTS))
        assert answer is not None
        sizes.append(answer.body())
        servers.append(
            page.evaluate(
                "(({responseStart, requestStart}) => responseStart - requestStart)"
                "(performance.getEntriesByType('navigation')[0])"
            )
        )
    page.wait_for_function("() => !document.getElementById('more-lines')")
    page.wait_for_timeout(1500)
    plain = page.context.new_page()
    plain.set_content("".join(f"<p>{number} {' '.join(WORDS)}</p>" for number in range(6_000)))
    frames = []
    for each in (plain, page, plain):
        each.bring_to_front()
        frames.append(each.evaluate(SCROLL, SCROLL_S))
    page.bring_to_front()
    edits = [page.evaluate(EDIT) for _ in range(5)]
    beside = (frames[0] + frames[2]) / 2
    return {
        "load": round(os.getloadavg()[0], 1),
        "html_kb": round(len(sizes[-1]) / 1000),
        "html_gzip_kb": round(len(gzip.compress(sizes[-1])) / 1000),
        "html_br_kb": round(len(brotli.compress(sizes[-1], quality=5)) / 1000),
        "files_kb": round(sum(files.values()) / 1000),
        "lcp_s": round(statistics.median(each["lcp"] for each in paints) / 1000, 2),
        "cls": round(max(each["cls"] for each in paints), 3),
        "server_ms": round(statistics.median(servers)),
        "open_s": round(statistics.median(opens), 2),
        "frames": frames[1],
        "frames_of_plain_page": round(beside),
        "frames_share": round(frames[1] / beside, 2),
        "edit_shown_ms": round(statistics.median(each[0] for each in edits)),
        "edit_saved_ms": round(statistics.median(each[1] for each in edits)),
        "lines": page.evaluate("document.getElementsByClassName('segment').length"),
        "elements": page.evaluate("document.getElementsByTagName('*').length"),
        "tab_stops": page.evaluate(STOPS),
        "heap_mb": round(page.evaluate("performance.memory?.usedJSHeapSize ?? 0") / 1e6, 1),
    }


def _weigh(found: Response) -> dict[str, int]:
    is_file = "/static/" in found.url
    return {found.url: int(found.headers.get("content-length", 0))} if is_file else {}


def measure_words(page: Page, address: str) -> dict[str, Any]:
    page.goto(address)
    page.wait_for_selector(".segment [contenteditable]")
    page.wait_for_function("player.readyState >= 3")
    page.evaluate("player.playbackRate = 1")
    page.wait_for_timeout(1000)
    found = page.evaluate(LIT, PLAYED_S)
    late = found["late"]
    return {
        "words_lit": len(late),
        "words_played": found["spoken"],
        "word_lit_after_ms": f"{statistics.median(late):.0f} (the worst {late[-1]})",
    }


def report(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
