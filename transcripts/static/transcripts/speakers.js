// A speaker's name, and saying that two are one person.
import { guard, make, makeButton } from "./changes.js";
import { allSpeakers, change, nameOf, showSpeakers, speakerOf } from "./lines.js";
import { fill, texts } from "./page.js";

/** Opens what can be done to the speaker who is named at a line. */
export function openSpeaker(item) {
  const place = item.querySelector(".speaker");
  const known = speakerOf(item.dataset.speaker);
  const input = make("input", { value: nameOf(known), maxLength: 100 });
  input.setAttribute("aria-label", fill(texts.rename, { name: nameOf(known) }));
  const form = make("form", { className: "naming" }, input,
    makeButton(texts.save, null, { type: "submit" }), makeButton(texts.cancel, close),
    ...makeMerge());
  const release = guard(() => form.isConnected && input.value.trim() !== nameOf(known));
  place.replaceChildren(form);
  input.select();

  function close() {
    release();
    place.replaceChildren();
    place.hidden = true; // to be shown anew
    showSpeakers();
    place.querySelector("button")?.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (name === nameOf(known)) return close();
    const body = { name: name === known.label ? "" : name };
    if (await change("PATCH", `speakers/${known.number}/`, body)) close();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });

  function makeMerge() {
    const others = allSpeakers().filter((each) => each.number !== known.number);
    if (!others.length) return [];
    const select = make("select", {},
      ...others.map((each) => make("option", { value: each.number, textContent: nameOf(each) })));
    const label = make("label", {}, texts.same_person, select);
    const button = makeButton(texts.join_speakers, async () => {
      const body = { speakers: [known.number], into: Number(select.value) };
      if (await change("POST", "speakers/merge/", body, texts.speakers_joined)) close();
    });
    return [make("div", { className: "actions" }, label, button)];
  }
}
