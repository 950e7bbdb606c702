// The example on the front page: played, lit word by word. Nothing is fetched until it plays.
import { $ } from "./dom.js";

/** @type {HTMLAudioElement} */
const audio = $("sample-audio");
const button = $("sample-play");
const words = [...document.querySelectorAll("#sample [data-start]")].map((element) => ({
  element,
  start: Number(element.getAttribute("data-start")),
  end: Number(element.getAttribute("data-end")),
}));

function light() {
  const at = audio.currentTime;
  for (const { element, start, end } of words)
    element.classList.toggle("now", !audio.paused && at >= start && at < end);
  if (!audio.paused) requestAnimationFrame(light);
}

for (const type of ["play", "pause", "ended"])
  audio.addEventListener(type, () => {
    button.setAttribute("aria-pressed", String(!audio.paused));
    requestAnimationFrame(light);
  });
button.addEventListener("click", () => (audio.paused ? audio.play() : audio.pause()));

/** @param {number} seconds */
function playFrom(seconds) {
  audio.currentTime = seconds;
  audio.play();
}
for (const { element, start } of words) element.addEventListener("click", () => playFrom(start));
for (const line of document.querySelectorAll("#sample p:has([data-start])")) {
  const first = Number(line.querySelector("[data-start]")?.getAttribute("data-start"));
  const opener = line.querySelector("button");
  opener?.addEventListener("click", () => playFrom(first)); // what the words do for a pointer
  opener?.removeAttribute("disabled");
}
button.hidden = false;
