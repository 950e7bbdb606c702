// A speaker's name, and merging two who are one person: opened by a click on a name.
import { guard } from "./changes.js";
import { allSpeakers, change, nameOf, speakerOf } from "./lines.js";
import { $, make, makeButton } from "../../pages/static/dom.js";
import { list } from "../../pages/static/segments.js";
import { openSheet } from "../../pages/static/sheet.js";
import { fill, texts } from "../../pages/static/texts.js";

export function startSpeakers() {
  list.addEventListener("click", (event) => {
    const name = /** @type {Element} */ (event.target).closest(".speaker");
    const item = name?.closest("li");
    if (name && item) openSpeaker(item.dataset.speaker, name);
  });
  $("talk")?.addEventListener("click", (/** @type {Event} */ event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (button) openSpeaker(button.dataset.number, button);
  });
}

/**
 * @param {string | undefined} number_
 * @param {Element} anchor
 */
function openSpeaker(number_, anchor) {
  const known = speakerOf(number_);
  if (!known) return;
  const { number, label: originalLabel } = known;
  const input = make("input", { value: nameOf(known), maxLength: 100 });
  input.setAttribute("aria-label", fill(texts.rename, { name: nameOf(known) }));
  const form = make(
    "form",
    { className: "naming" },
    input,
    makeButton(texts.save, null, { type: "submit" }),
    ...makeMerge(),
  );
  const release = guard(() => form.isConnected && input.value.trim() !== nameOf(known));
  const label = fill(texts.speaker_actions, { name: nameOf(known) });
  const close = openSheet(anchor, label, [form], { onClose: release, focus: input });
  input.select();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (name === nameOf(known)) return close();
    const body = { name: name === originalLabel ? "" : name };
    if (await change("PATCH", `speakers/${number}/`, body)) close();
  });

  function makeMerge() {
    const others = allSpeakers().filter((each) => each.number !== number);
    if (!others.length) return [];
    const select = make(
      "select",
      {},
      ...others.map((each) =>
        make("option", { value: String(each.number), textContent: nameOf(each) }),
      ),
    );
    const choice = make("label", {}, texts.same_person, select);
    const button = makeButton(texts.merge_speakers, async () => {
      const body = { speakers: [number], into: Number(select.value) };
      if (await change("POST", "speakers/merge/", body, texts.speakers_merged)) close();
    });
    return [make("div", { className: "actions" }, choice, button)];
  }
}
