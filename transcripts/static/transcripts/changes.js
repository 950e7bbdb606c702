// Changing a transcript by the public API: every change names the revision that the page shows
// (If-Match), so that of two editors at once none overwrites the other.
import { $, csrfHeader, texts } from "./page.js";
import { api, list } from "./reader.js";

let revision = Number(list.dataset.revision);
let busy = Promise.resolve(); // one change after the other
const listeners = []; // called with the new revision
const unsaved = new Set(); // what somebody writes: functions that say whether it was changed

export const currentRevision = () => revision;

export function onRevision(listener) { listeners.push(listener); }

class Told extends Error {} // the page says it already

/** Shows what went wrong; returns what may be thrown. */
export function tell(message, { canReload = false } = {}) {
  const problem = $("problem");
  problem.replaceChildren(message);
  if (canReload) {
    const button = make("button", { type: "button", className: "button", textContent: texts.reload });
    button.addEventListener("click", () => location.reload());
    problem.append(" ", button);
  }
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
  return new Told(message);
}

/** Runs what may have told of a problem; returns whether it went well. */
export async function attempt(act) {
  try {
    await act();
    return true;
  } catch (problem) {
    if (problem instanceof Told) return false;
    throw problem;
  }
}

/** Sends a change; returns the answer's body. Shows what went wrong and throws. */
export function send(method, path, body) {
  const sent = busy.then(() => sendNow(method, path, body));
  busy = sent.catch(() => {});
  return sent;
}

async function sendNow(method, path, body) {
  $("problem").hidden = true;
  const [answer, result] = await ask(api + path, {
    method,
    headers: { ...csrfHeader(), "If-Match": `"${revision}"`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 412) throw tell(texts.changed, { canReload: true });
  check(answer, result);
  revision = Number(answer.headers.get("ETag")?.match(/\d+/)?.[0] ?? revision);
  list.dataset.revision = revision;
  for (const listener of listeners) listener(revision);
  return result;
}

/** Returns what is at a path below the transcript. Shows what went wrong and throws. */
export async function read(path) {
  const [answer, result] = await ask(api + path);
  check(answer, result);
  return result;
}

async function ask(address, options) {
  try {
    const answer = await fetch(address, options);
    return [answer, await answer.json()];
  } catch {
    throw tell(texts.no_connection);
  }
}

function check(answer, result) {
  if (answer.status === 401) throw tell(texts.logged_out, { canReload: true });
  if (!answer.ok) throw tell(result.error ?? texts.no_connection);
}

/** Says it to who doesn't see the page. */
export function say(message) { $("said").textContent = message; }

/** Asks before the page is left while `isChanged()`; returns what ends that. */
export function guard(isChanged) {
  unsaved.add(isChanged);
  return () => unsaved.delete(isChanged);
}

addEventListener("beforeunload", (event) => {
  if ([...unsaved].some((isChanged) => isChanged())) event.preventDefault();
});

export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

export function makeButton(label, act, { type = "button" } = {}) {
  const className = type === "submit" ? "primary" : "button";
  const button = make("button", { type, className, textContent: label });
  if (act) button.addEventListener("click", act);
  return button;
}
