// What was made of a transcript, as sections of items with the times that bear them out: one shape
// for every answer of the API. Nothing of a page here.

/** @typedef {{start: number, order: number | null}} Place seconds; which segment, from 0 */

/**
 * `note`: who, or by when; `answer`: shown when asked for.
 * @typedef {{
 *   text: string,
 *   places: Place[],
 *   speaker?: string,
 *   owner?: string,
 *   due?: string,
 *   dueDate?: string,
 *   choices?: string[],
 *   answer?: Item,
 * }} Item
 */

/** @typedef {{name: string, title?: string, items: Item[]}} Section `name` "": without a heading */

/**
 * Return the sections of an answer; none where it has only text, as what a language model writes
 * freely.
 * @param {{kind: string, name: string, result: any}} made
 * @returns {Section[]}
 */
export function sectionsOf({ kind, name, result }) {
  if (kind === "summary") return [{ name: "", items: summaryItems(result) }];
  if (kind === "template") return result.data.sections.map(outlineSection);
  const data = kind === "analysis" ? result.result : (result.data ?? result.segments);
  if (!data) return [];
  if (name === "sentiment") return judged(data.segments);
  if (name === "entities") return groupedBy(data, "label").map(gatherSame);
  if (Array.isArray(data)) return [{ name: "", items: data.map(itemOf) }];
  return Object.entries(data).filter(isListed).flatMap(sectionOf);
}

/** @param {{title: string, items: any[]}} section */
const outlineSection = ({ title, items }) => ({
  name: "section",
  title,
  items: items.map(outlineItem),
});

/** What is listed is shown as it is written: "send the draft (owner: Anna)". @param {any} item */
const outlineItem = ({ text, speaker, evidence }) => itemOf({ text, speaker, evidence });

/** @param {[string, any]} entry */
const isListed = ([, listed]) => Array.isArray(listed) && listed.length > 0;

/**
 * The lines of a summary with their evidence: where each line has a sentence it is the line that is
 * shown ("send the draft (owner: Anna)"), else the sentences.
 * @param {{summary: string, sentences?: any[]}} result
 */
function summaryItems({ summary, sentences = [] }) {
  const written = summary.split("\n").filter((line) => line.trim());
  if (written.length !== sentences.length) return sentences.map(itemOf);
  return written.map((line, at) => ({
    ...itemOf(sentences[at]),
    text: line.replace(/^- /, ""),
  }));
}

/**
 * @param {[string, any[]]} entry
 * @returns {Section[]}
 */
function sectionOf([name, listed]) {
  if (!listed[0]?.points) return [{ name, items: listed.map(itemOf) }];
  return listed.map(({ title, points }) => ({ name, title, items: points.map(itemOf) }));
}

/** Most sentences are neutral and say nothing: these are left out. @param {any[]} sentences */
function judged(sentences) {
  return groupedBy(sentences, "label").filter(({ name }) => name !== "neutral");
}

/**
 * @param {any[]} listed
 * @param {string} field
 * @returns {Section[]}
 */
function groupedBy(listed, field) {
  /** @type {Map<string, Item[]>} */
  const groups = new Map();
  for (const each of listed)
    groups.set(each[field], [...(groups.get(each[field]) ?? []), itemOf(each)]);
  return [...groups].map(([name, items]) => ({ name, items }));
}

/** One item for what is named several times. @param {Section} section */
function gatherSame(section) {
  /** @type {Map<string, Item>} */
  const items = new Map();
  for (const item of section.items) {
    const known = items.get(item.text);
    if (known) known.places.push(...item.places);
    else items.set(item.text, item);
  }
  return { ...section, items: [...items.values()] };
}

/**
 * @param {any} each
 * @returns {Item}
 */
function itemOf(each) {
  if (typeof each === "string") return { text: each, places: [] };
  const text =
    each.topic ?? each.question ?? each.task ?? each.quote ?? each.title ?? each.front ?? each.text;
  /** @type {Item} */
  const item = { text, places: placesOf(each.evidence ?? each) };
  if (each.speaker) item.speaker = each.speaker;
  if (each.owner) item.owner = each.owner;
  if (each.due) item.due = each.due;
  if (each.due_date) item.dueDate = each.due_date;
  if (each.choices) item.choices = each.choices;
  const answer = each.answer ?? each.back;
  if (answer) item.answer = { text: answer, places: placesOf(each.answer_evidence) };
  return item;
}

/**
 * Where something stands, in the recording's order; without times nothing.
 * @param {any} evidence
 * @returns {Place[]}
 */
export function placesOf(evidence) {
  const listed = Array.isArray(evidence) ? evidence : [evidence];
  const places = listed
    .filter((each) => typeof each?.start === "number")
    .map(({ start, segments, segment_order }) => ({
      start,
      order: segments?.[0] ?? segment_order ?? null,
    }));
  const byTime = new Map(places.map((place) => [place.start, place]));
  return [...byTime.values()].sort((one, other) => one.start - other.start);
}
