// Correcting a transcript in its place, by the public API: every change names the revision that
// the page shows (If-Match), so that of two editors at once none overwrites the other.
"use strict";

(() => {
  const texts = JSON.parse(document.getElementById("texts").textContent);
  const $ = (id) => document.getElementById(id);
  const { list, player, api, words, forgetPages } = reader;
  let revision = Number(list.dataset.revision);
  let speakers = JSON.parse($("speakers").textContent);
  let busy = Promise.resolve(); // one change after the other

  // ---- asking the API

  const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

  /** Sends a change; returns the answer's body. Shows what went wrong and throws. */
  function send(method, path, body) {
    const sent = busy.then(() => sendNow(method, path, body));
    busy = sent.catch(() => {});
    return sent;
  }

  async function sendNow(method, path, body) {
    $("problem").hidden = true;
    let answer, result;
    try {
      answer = await fetch(api + path, {
        method,
        headers: { "X-CSRFToken": csrf(), "If-Match": `"${revision}"`, "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      result = await answer.json();
    } catch {
      throw tell(texts.no_connection);
    }
    if (answer.status === 412) throw tell(texts.changed, { canReload: true });
    if (answer.status === 401) throw tell(texts.logged_out, { canReload: true });
    if (!answer.ok) throw tell(result.error ?? texts.no_connection);
    revision = Number(answer.headers.get("ETag")?.match(/\d+/)?.[0] ?? revision);
    showUndo();
    return result;
  }

  function tell(message, { canReload = false } = {}) {
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

  class Told extends Error {} // the page says it already

  /** Runs a change that answers with segments, and shows what it made of them. */
  async function change(method, path, body, said = texts.saved) {
    try {
      show(await send(method, path, body));
      $("said").textContent = said;
      return true;
    } catch (problem) {
      if (problem instanceof Told) return false;
      throw problem;
    }
  }

  // ---- showing

  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  const itemOf = (id) => list.querySelector(`[data-id="${CSS.escape(id)}"]`);

  function show(edited) {
    if (!edited.complete) return location.reload();
    for (const id of edited.removed) { itemOf(id)?.remove(); words.delete(id); }
    speakers = edited.speakers;
    for (const segment of edited.segments) showSegment(segment);
    forgetPages();
    showSpeakers();
  }

  function showSegment(segment) {
    words.set(segment.id, segment.words);
    const item = itemOf(segment.id) ?? insert(segment);
    Object.assign(item.dataset, {
      start: segment.start, end: segment.end, speaker: segment.speaker_number ?? "",
    });
    const text = item.querySelector(".text");
    text.textContent = segment.text;
    delete text.dataset.spelled;
    item.querySelector(".time").textContent = formatClock(segment.start);
  }

  function insert(segment) {
    const time = player
      ? make("button", { type: "button", className: "time" })
      : make("span", { className: "time" });
    const item = make("li", {},
      make("p", { className: "speaker", dir: "auto" }),
      make("div", { className: "line" }, time, make("p", { className: "text", dir: "auto" })));
    item.dataset.id = segment.id;
    const behind = [...list.children].find((other) => Number(other.dataset.start) > segment.start);
    list.insertBefore(item, behind ?? null);
    addEdit(item);
    return item;
  }

  const nameOf = ({ name, label }) => name || label;

  function showSpeakers() {
    const names = new Map(speakers.map((each) => [String(each.number), nameOf(each)]));
    let before = null;
    for (const item of list.children) {
      const number = item.dataset.speaker ?? "";
      const place = item.querySelector(".speaker");
      place.hidden = !names.has(number) || number === before;
      before = number;
      if (place.hidden) { place.replaceChildren(); continue; }
      const button = make("button", { type: "button", textContent: names.get(number) });
      button.title = texts.rename.replace("{name}", names.get(number));
      place.replaceChildren(button);
    }
  }

  function formatClock(seconds) {
    const whole = Math.floor(seconds);
    const pad = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
  }

  // ---- a line

  function addEdit(item) {
    const line = item.querySelector(".line");
    if (line) line.append(make("button", { type: "button", className: "edit", textContent: texts.edit }));
  }

  function openEditor(item) {
    if (item.querySelector(".editing")) return;
    const line = item.querySelector(".line");
    const text = item.querySelector(".text").textContent;
    const area = make("textarea", { value: text, maxLength: 5000, dir: "auto", lang: list.lang });
    area.setAttribute("aria-label", texts.text);
    const who = makeSpeakerSelect(item.dataset.speaker);
    const form = make("form", { className: "editing" }, area);
    const button = (label, act, type = "button") => {
      const made = make("button", { type, className: type === "submit" ? "primary" : "button", textContent: label });
      if (act) made.addEventListener("click", act);
      return made;
    };
    form.append(make("div", { className: "actions" },
      button(texts.save, null, "submit"),
      button(texts.cancel, () => close()),
      ...(who ? [who] : []),
      button(texts.split, split),
      ...(item.nextElementSibling ? [button(texts.join, join)] : []),
      button(texts.remove, remove)));
    for (const part of line.children) part.hidden = true;
    line.append(form);
    area.focus();
    area.setSelectionRange(text.length, text.length);
    form.scrollIntoView({ block: "nearest" });

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await save()) close();
    });
    area.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") { event.preventDefault(); form.requestSubmit(); }
    });
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

    function close() {
      form.remove();
      for (const part of line.children) part.hidden = false;
      if (item.isConnected) item.querySelector(".edit").focus();
    }

    async function save() {
      const body = {};
      const typed = area.value.replace(/\s+/g, " ").trim();
      if (typed !== item.querySelector(".text").textContent) body.text = typed;
      if (who && who.value !== (item.dataset.speaker ?? ""))
        body.speaker = who.value ? Number(who.value) : null;
      if (!Object.keys(body).length) return true;
      form.inert = true;
      const done = await change("PATCH", `segments/${item.dataset.id}/`, body);
      form.inert = false;
      return done;
    }

    async function split() {
      const caret = area.selectionStart;
      if (!(await save())) return;
      const at = countWords(words.get(item.dataset.id) ?? [], item.querySelector(".text").textContent, caret);
      if (!at) return tell(texts.cannot_split);
      if (await change("POST", `segments/${item.dataset.id}/split/`, { at_word: at })) close();
    }

    async function join() {
      const next = item.nextElementSibling?.dataset.id;
      if (!(await save()) || !next) return;
      if (await change("POST", "segments/merge/", { segments: [item.dataset.id, next] })) close();
    }

    async function remove() {
      const neighbour = item.nextElementSibling ?? item.previousElementSibling;
      if (await change("DELETE", `segments/${item.dataset.id}/`)) neighbour?.querySelector(".edit")?.focus();
    }
  }

  /** Returns how many words begin before a place in the text; 0 where that cuts nothing. */
  function countWords(known, text, caret) {
    let at = 0, count = 0;
    for (const { word } of known) {
      at = text.indexOf(word, at);
      if (at < 0 || at >= caret) break;
      at += word.length;
      count += 1;
    }
    return count < known.length ? count : 0;
  }

  function makeSpeakerSelect(chosen = "") {
    if (!speakers.length) return null;
    const select = make("select", {}, make("option", { value: "", textContent: texts.nobody }),
      ...speakers.map((each) => make("option", { value: each.number, textContent: nameOf(each) })));
    select.setAttribute("aria-label", texts.speaker);
    select.value = chosen;
    return select;
  }

  // ---- speakers

  function openRename(item) {
    const place = item.querySelector(".speaker");
    const known = speakers.find((each) => String(each.number) === item.dataset.speaker);
    const input = make("input", { value: nameOf(known), maxLength: 100 });
    input.setAttribute("aria-label", texts.rename.replace("{name}", nameOf(known)));
    const form = make("form", {}, input);
    place.replaceChildren(form);
    input.select();
    let isOver = false;
    const end = async (isSaved) => {
      if (isOver) return;
      isOver = true;
      const name = input.value.trim();
      if (isSaved && name !== nameOf(known))
        await change("PATCH", `speakers/${known.number}/`, { name: name === known.label ? "" : name });
      showSpeakers();
      place.querySelector("button")?.focus();
    };
    form.addEventListener("submit", (event) => { event.preventDefault(); end(true); });
    input.addEventListener("blur", () => end(true));
    input.addEventListener("keydown", (event) => { if (event.key === "Escape") end(false); });
  }

  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (event.target.closest(".line > .edit")) {
      words.has(item.dataset.id) ? openEditor(item) : loadThenEdit(item);
    } else if (event.target.closest(".speaker > button")) openRename(item);
  });

  /** The words are needed to cut a line; the editor opens meanwhile. */
  function loadThenEdit(item) {
    openEditor(item);
    reader.wordsOf(item);
  }

  // ---- title and tags

  $("describe").addEventListener("click", () => {
    $("describing").hidden = false;
    $("title").focus();
  });
  $("describing").addEventListener("reset", () => {
    $("describing").hidden = true;
    $("describe").focus();
  });
  $("describing").addEventListener("submit", async (event) => {
    event.preventDefault();
    const tags = $("tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
    try {
      await send("PATCH", "", { title: $("title").value, tags });
      location.reload();
    } catch (problem) {
      if (!(problem instanceof Told)) throw problem;
    }
  });

  // ---- taking back

  function showUndo() { $("undo").hidden = $("history").hidden = revision === 0; }

  $("undo").addEventListener("click", async () => {
    const back = await findUndo();
    if (back !== null && (await change("POST", `revisions/${back}/restore/`, undefined, texts.undone)))
      location.reload(); // also the title, and what else there is
  });

  /** The revision before the last change: of several taken back in a row, before the ones undone. */
  async function findUndo() {
    const answer = await fetch(`${api}revisions/?page_size=100`);
    if (!answer.ok) { tell(texts.no_connection); return null; }
    const byNumber = new Map((await answer.json()).results.map((row) => [row.number, row]));
    let at = revision;
    while (byNumber.get(at)?.action === "restore") at = byNumber.get(at).restored;
    return at > 0 ? at - 1 : null;
  }

  $("history").addEventListener("toggle", async () => {
    if (!$("history").open) return;
    const answer = await fetch(`${api}revisions/?page_size=50`);
    if (!answer.ok) return tell(texts.no_connection);
    const rows = (await answer.json()).results;
    $("revisions").replaceChildren(...rows.map(showRevision), showRevision({ number: 0 }));
  });

  function showRevision({ number, action, author, created_at: time, restored }) {
    const named = { edit: "edit_action", split: "split_action", remove: "remove_action", restore: "restore_action" };
    const what = number ? (texts[named[action] ?? action] ?? action).replace("{number}", restored) : texts.original;
    const when = time ? new Date(time).toLocaleString(document.documentElement.lang) : "";
    const by = number ? [author ?? texts.deleted_account, when].filter(Boolean).join(" · ") : "";
    const item = make("li", {}, make("span", {}, `${number}. ${what}`, make("small", { textContent: by })));
    if (number !== revision) {
      const button = make("button", { type: "button", className: "button", textContent: texts.restore });
      button.setAttribute("aria-label", `${texts.restore}: ${number}. ${what}`);
      button.addEventListener("click", async () => {
        if (await change("POST", `revisions/${number}/restore/`)) location.reload();
      });
      item.append(button);
    }
    return item;
  }

  // ---- files: docx and pdf are made by a worker, and asked for until they are there

  $("downloads").addEventListener("click", async (event) => {
    const link = event.target.closest("a");
    if (!link || !["docx", "pdf"].includes(link.dataset.format)) return;
    event.preventDefault();
    $("downloads").open = false;
    $("said").textContent = texts.preparing;
    const label = $("downloads").firstElementChild;
    const before = label.textContent;
    label.textContent = texts.preparing;
    try {
      await download(link);
    } catch (problem) {
      tell(problem.message || texts.no_connection);
    }
    label.textContent = before;
  });

  async function download(link) {
    let answer = await fetch(link.href);
    while (answer.status === 202) {
      const wait = Number(answer.headers.get("Retry-After")) || 2;
      await new Promise((wake) => setTimeout(wake, wait * 1000));
      answer = await fetch(link.href);
    }
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? texts.no_connection);
    const file = URL.createObjectURL(await answer.blob());
    make("a", { href: file, download: `${document.querySelector("h1").textContent}.${link.dataset.format}` }).click();
    setTimeout(() => URL.revokeObjectURL(file), 10000);
  }

  addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
  addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".menu[open]");
    if (menu) { menu.open = false; menu.firstElementChild.focus(); }
  });

  for (const item of list.children) addEdit(item);
  $("describe").hidden = $("how").hidden = false;
  showUndo();
  showSpeakers();
})();
