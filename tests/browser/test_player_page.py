"""The player: a waveform, every word as it is said, a picture with subtitles; and paper."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import StartBrowser
from tests.browser.editing import open_transcript, seed_transcript, text_of
from tests.browser.session import log_in
from tests.e2e.processes import System

pytestmark = [pytest.mark.browser, pytest.mark.e2e]
# Every word that is ever marked, and how far the player is from its time.
WATCH = """() => {
  globalThis.seen = [];
  const audio = document.getElementById("player");
  const look = () => {
    for (const range of CSS.highlights.get("playing") ?? []) {
      const { startContainer: node, startOffset, endOffset } = range;
      const word = node.data.slice(startOffset, endOffset) + " " + node.parentNode.parentNode.id;
      if (globalThis.seen.at(-1) !== word) globalThis.seen.push(word);
    }
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("player_page") / "data") as running:
        running.start("web", "worker-housekeeping")
        yield running


@pytest.fixture
def page(system: System, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    page.set_default_timeout(15_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def test_every_word_is_marked_while_it_is_spoken_and_nothing_runs_while_paused(
    page: Page, system: System
) -> None:
    open_transcript(page, system, seed_transcript(system, seconds=12))
    page.wait_for_function("() => player.readyState >= 2")
    page.evaluate(WATCH)
    page.evaluate("player.playbackRate = 1")
    page.keyboard.press("k")
    page.wait_for_function("() => player.currentTime > 8", timeout=20_000)
    page.keyboard.press("k")
    words = [each.split(" ")[0] for each in page.evaluate("seen")]
    expected = [word for n in "01" for word in ("line", n, "has", "these", "six", "words")]
    assert words[:12] == expected
    frames = page.evaluate(
        "async () => { let count = 0; const own = requestAnimationFrame;"
        " globalThis.requestAnimationFrame = act => { count += !String(act).includes('look');"
        " return own(act); };"
        " await new Promise(resolve => setTimeout(resolve, 300)); return count; }"
    )
    assert frames == 0


def test_a_shared_link_marks_every_word_too(page: Page, system: System) -> None:
    transcript_id = seed_transcript(system, seconds=12)
    link = requests.post(
        f"{system.url}/api/v1/transcripts/{transcript_id}/shares/",
        json={},
        headers=system.headers,
        timeout=30,
    ).json()["url"]
    page.context.clear_cookies()
    page.goto(link)
    page.wait_for_function("() => player.readyState >= 2")
    page.evaluate(WATCH)
    page.keyboard.press("k")
    page.wait_for_function("() => player.currentTime > 4", timeout=20_000)
    page.keyboard.press("k")
    words = [each.split(" ")[0] for each in page.evaluate("seen")]
    assert words[:6] == ["line", "0", "has", "these", "six", "words"]
    assert findings(page) == []


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_below_a_short_text_the_player_stands_at_the_bottom_of_the_window(
    page: Page, system: System, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_transcript(page, system, seed_transcript(system, seconds=12))
    bar = page.locator("stt-player").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] == pytest.approx(size[1], abs=1)
    [top] = {
        round(tab.bounding_box()["y"])  # type: ignore[index]  # it is shown
        for tab in page.locator("#side-tabs [role=tab]").all()
    }
    assert top  # all of them in one row


def test_the_bar_has_a_waveform_speed_and_places(page: Page, system: System) -> None:
    open_transcript(page, system, seed_transcript(system, seconds=12))
    player = page.locator("stt-player.has-peaks")
    expect(player).to_be_visible(timeout=20_000)
    slider = page.get_by_role("slider", name="Position")
    # A click into the text plays from its word; once a person has paused, it only goes there.
    text_of(page, 1).click(position={"x": 8, "y": 8})
    page.wait_for_function("() => !player.paused && player.currentTime >= 4.2")
    page.keyboard.press("Alt+k")
    text_of(page, 0).click(position={"x": 8, "y": 8})
    page.wait_for_function("() => player.paused && player.currentTime < 1")
    page.keyboard.press("Escape")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "0:12")
    slider.press("Home")
    page.keyboard.press("l")
    page.wait_for_function("() => player.currentTime === 3")
    page.get_by_label("Speed").select_option("1.5")
    page.reload()
    expect(page.get_by_label("Speed")).to_have_value("1.5")
    assert page.evaluate("player.defaultPlaybackRate") == 1.5
    # Silence is skipped: between 3.2 s and 4.2 s no one speaks.
    page.get_by_role("button", name="Skip silence").click()
    page.evaluate("player.currentTime = 3.1")
    page.evaluate("player.play()")
    page.wait_for_function("() => player.currentTime > 4.2")
    page.evaluate("player.pause()")


def test_playing_leads_on_beyond_the_lines_that_a_page_begins_with(
    page: Page, system: System
) -> None:
    page.add_init_script("globalThis.requestIdleCallback = () => 0")  # read by playing alone
    open_transcript(page, system, seed_transcript(system, seconds=90, line_ms=40))
    page.wait_for_function("() => player.readyState >= 2")
    assert page.locator(".segment").count() == 2_000
    page.evaluate("() => { player.muted = true; player.currentTime = 84; return player.play(); }")
    page.wait_for_function(
        "() => Number(document.querySelector('.now')?.textContent.match(/line (\\d+)/)[1]) > 2_100"
    )
    page.evaluate("player.pause()")
    place, bar = page.locator(".now").bounding_box(), page.locator(".bar").bounding_box()
    assert place is not None
    assert bar is not None
    assert 0 < place["y"] < bar["y"] - place["height"]  # in sight


def test_a_video_shows_our_subtitles_over_it(page: Page, system: System) -> None:
    open_transcript(page, system, seed_transcript(system, seconds=8, is_video=True))
    expect(page.locator(".stage video")).to_be_visible()
    expect(page.get_by_role("button", name="Subtitles")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("() => player.textTracks[0]?.cues?.length >= 1")
    page.evaluate("player.currentTime = 1")
    page.wait_for_function("() => player.textTracks[0].activeCues?.[0]?.text.includes('line 0')")
    # The export's options can be seen over it, too.
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#preview li").first).to_contain_text("line 0 has these six words")
    page.get_by_label("Subtitles (SRT, VTT)").select_option("social")
    page.get_by_role("button", name="Show over the video").click()
    page.wait_for_function(
        "() => [...player.textTracks[0].cues].every(({text}) => !text.includes('\\n'))"
    )


def test_on_paper_there_are_title_speakers_times_and_text_only(page: Page, system: System) -> None:
    open_transcript(page, system, seed_transcript(system, seconds=8))
    page.emulate_media(media="print")
    shown: Any = page.evaluate("document.body.innerText.split(/\\s*\\n\\s*/).filter(Boolean)")
    assert shown[0] == "Seeded"
    assert shown[-4:] == [
        "0:00",
        "line 0 has these six words",
        "0:04",
        "line 1 has these six words",
    ]
    for absent in ("#tools *", "input", "select", "[role=slider]", "[role=tab]"):
        assert page.locator(f"{absent}:visible").count() == 0
