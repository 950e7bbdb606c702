// Spellings that the account's glossary corrects, wherever they stand in this transcript.
import { read } from "../../editing/static/changes.js";
import { commit } from "../../editing/static/document.js";
import { change } from "../../editing/static/lines.js";
import { $, attempt, make, makeButton } from "../../pages/static/dom.js";
import { list } from "../../pages/static/segments.js";
import { openSheet } from "../../pages/static/sheet.js";
import { fillCount, texts } from "../../pages/static/texts.js";

/** @typedef {{find: string, replace: string, count: number, segments: string[]}} Fix */

export function openFixes() {
  commit();
  return attempt(async () => {
    const { fixes } = await read("glossary-fixes/");
    if (fixes.length) offer(fixes);
    else openSheet($("more-open"), texts.glossary, [make("p", {}, texts.no_fixes), makeLink()]);
  });
}

/** @param {Fix[]} fixes */
function offer(fixes) {
  const boxes = fixes.map(() => make("input", { type: "checkbox", checked: true }));
  const rows = fixes.map(({ find, replace, count }, at) => {
    const [wrong, right] = [make("del", {}, find), make("ins", {}, replace)];
    for (const word of [wrong, right]) word.lang = list.lang;
    const words = make("span", { dir: "auto" }, wrong, " ", right, " ", `(${count})`);
    return make("li", {}, make("label", { className: "choice" }, boxes[at] ?? "", words));
  });
  const form = make(
    "form",
    { className: "fixes" },
    make("ul", {}, ...rows),
    make(
      "div",
      { className: "actions" },
      makeButton(texts.fix_selected, null, { type: "submit" }),
      makeLink(),
    ),
  );
  const close = openSheet($("more-open"), texts.glossary, [form]);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = fixes.filter((_, at) => boxes[at]?.checked);
    close();
    for (const { find, replace, segments } of chosen) {
      const body = { find, replace, match_case: false, whole_words: true };
      const done = fillCount(texts.replaced, segments.length);
      if (!(await change("POST", "replace/", body, done))) return;
    }
  });
}

function makeLink() {
  const href = $("glossary-open").dataset.glossary ?? "";
  return make("a", { className: "button", href }, texts.edit_glossary);
}
