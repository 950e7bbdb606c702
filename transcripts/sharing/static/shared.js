// A shared transcript: the line and the word that are played, and a click on a time that plays from
// there.
import { showError } from "../../pages/static/dom.js";
import { startFollowing, stopPlayingAt } from "../../pages/static/follow.js";
import { loadRest, startParts } from "../../pages/static/parts.js";
import { seekTo } from "../../pages/static/player-time.js";
import { list } from "../../pages/static/segments.js";
import { startShortcuts } from "../../pages/static/shortcuts.js";
import { SpokenWords } from "../../pages/static/spoken-words.js";
import { texts } from "../../pages/static/texts.js";

const player = /** @type {HTMLMediaElement | null} */ (document.getElementById("player"));

startParts();
startShortcuts(player);
if (player) {
  list.classList.add("playable");
  const spoken = new SpokenWords((page) => `${list.dataset.words}?line=${page * 100}`);
  startFollowing(player, { ...spoken.source, onLast: loadRest });
  player.addEventListener("error", () =>
    showError(texts.no_recording, { retry: () => player.load() }),
  );
  list.addEventListener("click", (event) => {
    const time = /** @type {Element} */ (event.target).closest(".time");
    const item = time?.closest("li");
    if (!item) return;
    stopPlayingAt(Infinity);
    seekTo(player, Number(item.dataset.start));
    player.play().catch(() => {}); // refused, or overtaken by a pause; else it is an `error`
  });
}
