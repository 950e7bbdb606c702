// Keys: with Alt anywhere, also in the text; letters by themselves only outside of it, and not at all
// where someone turned them off (WCAG 2.1.4). `?` shows them.

/** Of each action: the key's code, and whether it works by itself outside the text. */
const KEYS = /** @type {const} */ ({
  play: ["KeyK", true],
  back: ["KeyJ", true],
  forward: ["KeyL", true],
  slower: ["Comma", true],
  faster: ["Period", true],
  playLine: ["KeyP", true],
  next: ["KeyN", true],
  fixAll: ["KeyA", false],
  accept: ["KeyY", true],
  playPlace: ["KeyR", true],
  lineMenu: ["KeyM", false],
  comment: ["KeyC", false],
  highlight: ["KeyH", false],
  find: ["KeyF", false],
});
const SETTING = "keys.single";
const STEP_S = 3;
/** @type {Map<string, (event: KeyboardEvent) => unknown>} */
const actions = new Map();

/**
 * @param {string} name of KEYS, `undo` or `redo`
 * @param {(event: KeyboardEvent) => unknown} act
 */
export function onKey(name, act) {
  actions.set(name, act);
}

/** @param {HTMLMediaElement | null} player */
export function startShortcuts(player) {
  if (player) {
    onKey("play", () => (player.paused ? player.play().catch(() => {}) : player.pause()));
    onKey("back", () => (player.currentTime -= STEP_S));
    onKey("forward", () => (player.currentTime += STEP_S));
    onKey("slower", () => changeSpeed(player, -1));
    onKey("faster", () => changeSpeed(player, 1));
  }
  addEventListener("keydown", (event) => handle(event));
  const dialog = help();
  for (const button of document.querySelectorAll("[data-shortcuts]"))
    button.addEventListener("click", () => dialog?.showModal());
  const setting = /** @type {HTMLInputElement | null} */ (document.getElementById("single-keys"));
  if (!setting) return;
  setting.checked = areSingleKeysOn();
  setting.addEventListener("change", () =>
    localStorage.setItem(SETTING, setting.checked ? "on" : "off"),
  );
}

const help = () => /** @type {HTMLDialogElement | null} */ (document.getElementById("shortcuts"));

const areSingleKeysOn = () => localStorage.getItem(SETTING) !== "off";

/**
 * @param {HTMLMediaElement} player
 * @param {number} step
 */
function changeSpeed(player, step) {
  const select = /** @type {HTMLSelectElement | null} */ (
    document.querySelector("stt-player select")
  );
  if (!select) return;
  select.selectedIndex = Math.min(select.length - 1, Math.max(0, select.selectedIndex + step));
  select.dispatchEvent(new Event("change"));
}

/** @param {KeyboardEvent} event */
function handle(event) {
  if (event.isComposing || event.defaultPrevented) return;
  const name = findAction(event);
  if (!name) return;
  if (name === "help") {
    event.preventDefault();
    help()?.showModal();
    return;
  }
  const act = actions.get(name);
  if (!act) return;
  event.preventDefault();
  act(event);
}

/**
 * @param {KeyboardEvent} event
 * @returns {string | null}
 */
export function findAction(event) {
  const { altKey, ctrlKey, metaKey, shiftKey, code, key } = event;
  const target = /** @type {Element | null} */ (event.target);
  const isText = Boolean(
    target?.closest?.(
      "textarea, select, input:not([type=checkbox], [type=radio]), [contenteditable]",
    ),
  );
  const isOwnText = !isText || Boolean(target?.closest("#segments"));
  if ((ctrlKey || metaKey) && !altKey && code === "KeyZ" && isOwnText)
    return shiftKey ? "redo" : "undo";
  if (ctrlKey && !altKey && code === "KeyY" && isOwnText) return "redo";
  if (ctrlKey || metaKey || event.getModifierState?.("AltGraph")) return null;
  const isDialog = Boolean(target?.closest?.("dialog[open], [popover]:popover-open"));
  if (altKey) {
    if (code === "Slash") return "help";
    return Object.entries(KEYS).find(([, [known]]) => known === code)?.[0] ?? null;
  }
  if (isText || isDialog || !areSingleKeysOn()) return null;
  if (key === "?") return "help";
  if (key === "/") return "find";
  if (target?.closest?.("button, a, summary, [role=slider], [role=tab]") && key === " ")
    return null;
  if (key === " ") return target === document.body ? "play" : null;
  if (shiftKey && code !== "KeyN") return null;
  return (
    Object.entries(KEYS).find(([, [known, isSingle]]) => isSingle && known === code)?.[0] ?? null
  );
}
