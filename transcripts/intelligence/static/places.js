// Buttons with a time: they play from there, and show the line.
import { make } from "../../pages/static/dom.js";
import { formatClock } from "../../pages/static/format.js";
import { goTo, player } from "../../pages/static/reader.js";
import { fill, texts } from "../../pages/static/texts.js";

/**
 * @param {import("./result-sections.js").Place} place
 */
export function makePlace({ start, order }) {
  const time = formatClock(start);
  const button = make("button", { type: "button", className: "time", textContent: time });
  const label = fill(player ? texts.play_from : texts.go_to, { time });
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => goTo(start, order));
  return button;
}
