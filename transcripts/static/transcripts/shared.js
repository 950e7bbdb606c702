// A click on a time plays from there.
import "./parts.js";
import { seekTo } from "./player-time.js";

const player = document.getElementById("player");
document.querySelector(".turns").addEventListener("click", (event) => {
  const start = event.target.dataset.start;
  if (start === undefined) return;
  seekTo(player, Number(start));
  player.play();
});
