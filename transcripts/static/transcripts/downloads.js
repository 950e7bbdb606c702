// Files of a transcript: what is to be in them, what is wrong with its subtitles, and waiting for
// those that a worker makes.
import { attempt, make, read, say, tell } from "./changes.js";
import { formatClock } from "./lines.js";
import { $, fill, texts } from "./page.js";

const SHOWN = 50; // faults

export function startDownloads() {
  const menu = $("downloads"), form = $("export-options");
  form.hidden = false;
  form.addEventListener("change", () => {
    $("lint").hidden = true;
    for (const link of menu.querySelectorAll("[data-format]"))
      link.href = link.href.split("?")[0] + readOptions();
  });
  $("check-subtitles").addEventListener("click", () => attempt(showFaults));
  menu.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-format]");
    if (!link || !["docx", "pdf"].includes(link.dataset.format)) return;
    event.preventDefault();
    wait(menu, link);
  });
}

/** The API's query for what was chosen; empty where it is what the API does anyway. */
function readOptions() {
  const form = $("export-options"), query = new URLSearchParams();
  if (!form.speakers.checked) query.set("speakers", "false");
  if (!form.paragraphs.checked) query.set("paragraphs", "false");
  if (form.include_gaps.checked) query.set("include_gaps", "true");
  if (form.timestamps.value) query.set("timestamps", form.timestamps.value);
  if (form.profile.value !== "default") query.set("profile", form.profile.value);
  const masked = [...form.querySelectorAll("[name=redact]:checked")].map(({ value }) => value);
  if (masked.length) query.set("redact", masked.join(","));
  return query.size ? `?${query}` : "";
}

async function showFaults() {
  const { cues, findings } = await read(`export/lint/${readOptions()}`);
  const place = $("lint");
  const rows = findings.slice(0, SHOWN).map(({ start, rule, severity, message, value, limit }) => {
    const counted = value === null || limit === null ? "" : ` (${value}; ${texts.limit} ${limit})`;
    const link = make("small", { textContent: formatClock(start) });
    return make("li", { className: severity }, link, ` ${texts[`fault_${rule}`] ?? message}${counted}`);
  });
  place.replaceChildren(
    make("p", { textContent: findings.length ? fill(texts.faults, { count: findings.length, cues }) : fill(texts.no_faults, { cues }) }),
    make("ul", {}, ...rows));
  if (findings.length > SHOWN) place.append(make("p", { textContent: fill(texts.and_more, { count: findings.length - SHOWN }) }));
  place.hidden = false;
  say(place.firstElementChild.textContent);
}

async function wait(menu, link) {
  menu.open = false;
  say(texts.preparing);
  const label = menu.firstElementChild, before = label.textContent;
  label.textContent = texts.preparing;
  try {
    await download(link);
  } catch (problem) {
    tell(problem.message || texts.no_connection);
  }
  label.textContent = before;
}

async function download(link) {
  let answer = await fetch(link.href);
  while (answer.status === 202) {
    const pause = Number(answer.headers.get("Retry-After")) || 2;
    await new Promise((wake) => setTimeout(wake, pause * 1000));
    answer = await fetch(link.href);
  }
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? texts.no_connection);
  const file = URL.createObjectURL(await answer.blob());
  make("a", { href: file, download: `${document.querySelector("h1").textContent}.${link.dataset.format}` }).click();
  setTimeout(() => URL.revokeObjectURL(file), 10000);
}
