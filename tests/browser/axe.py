"""What axe finds on a page: WCAG 2.2 A and AA, and its best practices."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

STANDARDS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def findings(page: Page) -> list[str]:
    """Return what axe finds, with the elements. Nothing fades meanwhile: that colour is none."""
    page.emulate_media(reduced_motion="reduce")
    violations = Axe().run(page, options=STANDARDS).response["violations"]
    return [
        f"{found['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for found in violations
        for node in found["nodes"]
    ]
