// A transcript's page while it is made: the bar in its audio's time, the text as it grows, and the
// finished page once it is there.
import { $, make } from "./dom.js";
import { followEvents } from "./event-stream.js";
import { formatClock } from "./format.js";
import { callTranscript } from "./requests.js";
import { fill } from "./texts.js";

const section = $("working");
const texts = /** @type {DOMStringMap} */ (section.dataset);
const transcript = { id: section.dataset.id };
const { signal } = new AbortController();
const title = document.title;

/** The text that the server has written into the page is what the stream begins with. */
const shown = document.getElementById("segments");
if (shown) shown.hidden = true;

/**
 * @param {string} name
 * @param {any} data
 */
function showEvent(name, data) {
  $("working-lost").hidden = true;
  if (name === "status" && texts[data.status])
    $("working-state").textContent = texts[data.status] ?? "";
  if (name === "queue" && data.position > 0)
    $("working-detail").textContent = fill(texts.position ?? "", data);
  if (name === "progress" && data.total_s) {
    const part = Math.min(1, data.done_s / data.total_s);
    $("working-bar").value = part;
    const times = { done: formatClock(data.done_s), total: formatClock(data.total_s) };
    $("working-detail").textContent = fill(texts.of ?? "", times);
    document.title = `${Math.floor(part * 100)} % · ${title}`;
  }
  if (name === "segment") showSegment(data);
  return name === "done";
}

/** @param {{start: number, text: string}} segment */
function showSegment({ start, text }) {
  const isAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
  const line = make("p", { textContent: text, dir: "auto" });
  $("working-text").append(make("li", {}, make("time", { textContent: formatClock(start) }), line));
  if (isAtEnd && $("working-text").children.length > 8) scrollTo(0, document.body.scrollHeight);
}

$("working-cancel").addEventListener("click", async () => {
  $("working-cancel").disabled = true;
  try {
    await callTranscript(transcript, "cancel/", { method: "POST" });
  } catch (problem) {
    $("working-cancel").disabled = false;
    showProblem(problem);
  }
});

/** @param {unknown} problem */
function showProblem(problem) {
  $("working-problem").textContent = problem instanceof Error ? problem.message : String(problem);
  $("working-problem").hidden = false;
}

followEvents((headers) => callTranscript(transcript, "events/", { headers, signal }), {
  signal,
  handle: ({ name, data }) => showEvent(name, data),
  onLost: () => ($("working-lost").hidden = false),
}).then(() => {
  document.title = title;
  location.reload();
}, showProblem);
