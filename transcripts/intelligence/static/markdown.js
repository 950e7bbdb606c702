// The little of Markdown that the server writes, as elements: headings, lists, quotes, bold. Text
// stays text: what looks like a link, an image or HTML is shown as it is written, and nothing is
// loaded.
import { make } from "../../pages/static/dom.js";

const HEADING = /^#{1,6} +(.*)$/;
const LISTED = /^ *(?:[-*]|(\d+)[.)]) +(?:\[[ x]\] +)?(.*)$/;
const QUOTED = /^> ?(.*)$/;
const ESCAPED = /\\([\\`*_{}[\]<>#|~])/g;

/**
 * @param {string} markdown
 * @returns {DocumentFragment}
 */
export function renderMarkdown(markdown) {
  const rendered = document.createDocumentFragment();
  const lines = markdown.replaceAll("\r\n", "\n").split("\n");
  while (lines.length) {
    const line = lines[0] ?? "";
    if (!line.trim()) lines.shift();
    else if (HEADING.test(line)) rendered.append(renderHeading(lines));
    else if (QUOTED.test(line)) rendered.append(renderQuote(lines));
    else if (LISTED.test(line)) rendered.append(renderList(lines));
    else rendered.append(renderParagraph(lines));
  }
  return rendered;
}

/** @param {string[]} lines */
function renderHeading(lines) {
  const [, title = ""] = HEADING.exec(lines.shift() ?? "") ?? [];
  return make("h4", {}, ...renderInline(title));
}

/** @param {string[]} lines */
function renderQuote(lines) {
  const quoted = takeWhile(lines, (line) => QUOTED.test(line));
  const inner = quoted.map((line) => QUOTED.exec(line)?.[1] ?? "").filter(Boolean);
  return make("blockquote", {}, ...inner.map((line) => make("p", {}, ...renderInline(line))));
}

/** @param {string[]} lines */
function renderList(lines) {
  const [, number] = LISTED.exec(lines[0] ?? "") ?? [];
  const listed = takeWhile(lines, (line) => LISTED.test(line));
  const items = listed.map((line) => make("li", {}, ...renderInline(LISTED.exec(line)?.[2] ?? "")));
  return number ? make("ol", { start: Number(number) }, ...items) : make("ul", {}, ...items);
}

/** @param {string[]} lines */
function renderParagraph(lines) {
  const isText = (/** @type {string} */ line) =>
    line.trim() && ![HEADING, QUOTED, LISTED].some((form) => form.test(line));
  return make("p", {}, ...renderInline(takeWhile(lines, isText).join(" ")));
}

/**
 * Take lines off the front as long as they fit.
 * @param {string[]} lines
 * @param {(line: string) => unknown} fits
 */
function takeWhile(lines, fits) {
  const end = lines.findIndex((line) => !fits(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

/**
 * Bold, and the server's backslashes taken away.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function renderInline(text) {
  const parts = text.split(/(?<!\\)\*\*/);
  if (parts.length % 2 === 0) return [unescape(text)]; // one that is not closed
  return parts.map((part, at) => (at % 2 ? make("strong", {}, unescape(part)) : unescape(part)));
}

/** @param {string} text */
const unescape = (text) => text.replace(ESCAPED, "$1");
