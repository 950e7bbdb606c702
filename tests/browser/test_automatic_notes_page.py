"""What is made of finished transcripts by itself, and templates: set on the account's pages, made
and shown on a transcript's.
"""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import StartBrowser
from tests.browser.session import log_in
from tests.browser.test_intelligence_page import SEED
from tests.e2e.processes import System
from tests.transcripts.fake_inference import FakeInference

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(900)]

PROCESS = """
from transcripts.models import Transcript
from transcripts.services.text_jobs import order_processing
order_processing(Transcript.objects.get(pk="{pk}"))
"""
FAIL = """
from django.utils import timezone
from transcripts.intelligence.models import TextJob
from transcripts.models import Transcript
t = Transcript.objects.get(pk="{pk}")
TextJob.objects.create(
    owner=t.owner, transcript=t, operation="process", status="failed", finished_at=timezone.now(),
    fields=dict(steps=["summary"], template=""), error_code="inference_unavailable",
    error_message="The inference service can't be reached.")
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("notes_page") / "data") as running:
        running.start("web", "worker-texts")
        yield running


@pytest.fixture(scope="module")
def inference(system: System) -> Iterator[FakeInference]:
    with FakeInference(target=f"127.0.0.1:{system.port('inference')}") as fake:
        fake.language.embedder = "counted-words"
        fake.language.models.add("counted-words")
        yield fake


@pytest.fixture
def page(system: System, inference: FakeInference, start_browser: StartBrowser) -> Iterator[Page]:
    context = start_browser(None).new_context(locale="en")
    log_in(context, system)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()
    assert faults == []


def shell(system: System, code: str) -> str:
    return system.run(sys.executable, "manage.py", "shell", "-v0", "-c", code)


def test_what_the_account_sets_is_made_and_shown(page: Page, system: System) -> None:
    page.goto(f"{system.url}/account/processing/")
    everything = page.get_by_role("group", name="All recordings")
    everything.get_by_label("Brief summary").check()
    everything.get_by_label("Notes by a template").select_option("Meeting")
    tagged = page.get_by_role("group", name="Recordings with another tag")
    tagged.get_by_label("Tag").fill("lecture")
    tagged.get_by_label("Topics", exact=True).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert page.get_by_label("Brief summary").first.is_checked()
    expect(page.get_by_role("group", name="Recordings tagged “lecture”")).to_be_visible()

    pk = shell(system, SEED).split()[-1]
    shell(system, PROCESS.format(pk=pk))
    page.goto(f"{system.url}/transcripts/{pk}/")
    page.get_by_role("tab", name="Summary").click()
    made = page.locator(".made", has_text="Meeting")
    expect(made).to_be_visible()
    made.locator("summary").first.click()
    expect(made.get_by_role("heading", name="Action items")).to_be_visible()
    expect(made.locator("button.time").first).to_be_visible()
    expect(page.locator("#make-problem")).to_be_hidden()


def test_a_failure_is_shown_with_its_reason(page: Page, system: System) -> None:
    pk = shell(system, SEED).split()[-1]
    shell(system, FAIL.format(pk=pk))
    page.goto(f"{system.url}/transcripts/{pk}/")
    page.get_by_role("tab", name="Summary").click()
    problem = page.locator("#make-problem")
    expect(problem).to_contain_text("could not be made: The inference service can't be reached.")


def test_a_template_of_ones_own_is_written_filled_and_deleted(page: Page, system: System) -> None:
    page.goto(f"{system.url}/account/processing/")
    page.get_by_role("link", name="Sales call").click()
    page.get_by_label("Name").fill("Our calls")
    first = page.get_by_role("group", name="Section 1")
    first.get_by_label("Instruction").fill("{{secret}}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("no variable")
    first.get_by_label("Title").fill("About {{title}}")
    first.get_by_label("Instruction").fill("What was said.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Our calls")).to_be_visible()

    pk = shell(system, SEED).split()[-1]
    page.goto(f"{system.url}/transcripts/{pk}/")
    page.get_by_role("tab", name="Summary").click()
    page.locator("#make-what").select_option("Our calls")
    page.locator("#making").get_by_role("button", name="Make", exact=True).click()
    expect(page.locator("#make-progress")).to_contain_text("Our calls: ready.")
    made = page.locator(".made").first
    expect(made.get_by_role("heading", name="About The meeting")).to_be_visible()

    page.goto(f"{system.url}/account/processing/")
    page.get_by_role("link", name="Our calls").click()
    page.get_by_role("button", name="Delete template").click()
    expect(page.get_by_text("The template is deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Our calls")).to_have_count(0)
