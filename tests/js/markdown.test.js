import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./page.js";

openPage();
const { renderMarkdown } = await import("../../transcripts/intelligence/static/markdown.js");

/** @param {string} markdown */
function html(markdown) {
  const place = document.createElement("div");
  place.append(renderMarkdown(markdown));
  return place.innerHTML;
}

test("headings, lists, quotes, bold and paragraphs become elements", () => {
  assert.equal(html("## Summary\n\nOne.\nTwo."), "<h4>Summary</h4><p>One. Two.</p>");
  assert.equal(html("- a\n- [ ] b\n* c"), "<ul><li>a</li><li>b</li><li>c</li></ul>");
  assert.equal(html("3. x\n4. y"), '<ol start="3"><li>x</li><li>y</li></ol>');
  assert.equal(html("> said\n>\n> — Ann"), "<blockquote><p>said</p><p>— Ann</p></blockquote>");
  assert.equal(html("- **front** — back"), "<ul><li><strong>front</strong> — back</li></ul>");
});

test("what the server escaped is shown as it was said", () => {
  assert.equal(html("2 \\* 3 \\_a\\_ \\*\\*b\\*\\*"), "<p>2 * 3 _a_ **b**</p>");
});

test("HTML, links and images stay text", () => {
  const written = "<img src=x onerror=alert(1)> ![i](http://a.example/i.png) [l](javascript:void)";
  const place = document.createElement("div");
  place.append(renderMarkdown(`# ${written}\n\n- ${written}\n\n> ${written}\n\n${written}`));
  assert.equal(place.querySelectorAll("img, a, script").length, 0);
  assert.equal(place.querySelector("h4")?.textContent, written);
  assert.equal(place.querySelector("p:last-child")?.textContent, written);
});

test("anything comes to an end", () => {
  assert.equal(html(""), "");
  assert.equal(html("\r\n\r\n"), "");
  assert.equal(html("**open"), "<p>**open</p>");
  assert.equal(html("#no heading\n-no list"), "<p>#no heading -no list</p>");
});
