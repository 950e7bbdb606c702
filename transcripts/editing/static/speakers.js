// A speaker's name, and merging two who are one person.
import { guard } from "./changes.js";
import { make, makeButton } from "../../pages/static/dom.js";
import { allSpeakers, change, nameOf, showSpeakers, speakerOf } from "./lines.js";
import { fill, texts } from "../../pages/static/texts.js";

/**
 * Open what can be done to the speaker who is named at a line.
 * @param {HTMLElement} item
 */
export function openSpeaker(item) {
  const place = /** @type {HTMLElement} */ (item.querySelector(".speaker"));
  const known = speakerOf(item.dataset.speaker);
  if (!known) return;
  const { number, label: originalLabel } = known;
  const input = make("input", { value: nameOf(known), maxLength: 100 });
  input.setAttribute("aria-label", fill(texts.rename, { name: nameOf(known) }));
  const form = make(
    "form",
    { className: "naming" },
    input,
    makeButton(texts.save, null, { type: "submit" }),
    makeButton(texts.cancel, close),
    ...makeMerge(),
  );
  const release = guard(() => form.isConnected && input.value.trim() !== nameOf(known));
  place.replaceChildren(form);
  input.select();

  function close() {
    release();
    place.replaceChildren();
    place.hidden = true; // to be shown again
    showSpeakers();
    place.querySelector("button")?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (name === nameOf(known)) return close();
    const body = { name: name === originalLabel ? "" : name };
    if (await change("PATCH", `speakers/${number}/`, body)) close();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
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
    const label = make("label", {}, texts.same_person, select);
    const button = makeButton(texts.merge_speakers, async () => {
      const body = { speakers: [number], into: Number(select.value) };
      if (await change("POST", "speakers/merge/", body, texts.speakers_merged)) close();
    });
    return [make("div", { className: "actions" }, label, button)];
  }
}
