// A click on a time plays from there.
import { seekTo } from "../../pages/static/player-time.js";

const player = /** @type {HTMLAudioElement} */ (document.getElementById("player"));
const failure = /** @type {HTMLElement} */ (document.querySelector(".player-error"));

player.addEventListener("error", () => (failure.hidden = false));
player.addEventListener("loadedmetadata", () => (failure.hidden = true));
failure.querySelector("button")?.addEventListener("click", () => player.load());

document.querySelector(".turns")?.addEventListener("click", (event) => {
  const { start } = /** @type {HTMLElement} */ (event.target).dataset;
  if (start === undefined) return;
  seekTo(player, Number(start));
  player.play().catch(() => {}); // refused, or overtaken by a pause; else it is an `error`
});
