// Shapes of what the API answers, as far as the pages use them. Types only: nothing runs here.

/**
 * @typedef {{
 *   word: string, start: number, end: number, timing?: string, confidence?: number | null,
 * }} Word times in seconds
 */

/**
 * @typedef {{
 *   id: string,
 *   start: number,
 *   end: number,
 *   text: string,
 *   speaker: string | null,
 *   speaker_number: number | null,
 *   words: Word[],
 * }} Segment times in seconds
 */

/** @typedef {{number: number, label: string, name: string}} Speaker `name` "": not named */

/**
 * @typedef {{
 *   complete: boolean,
 *   revision: number,
 *   text_revision?: number,
 *   segments: Segment[],
 *   removed: string[],
 *   speakers: Speaker[],
 *   gaps_changed?: boolean,
 * }} EditAnswer `complete` false: more changed than is listed
 */

/**
 * @typedef {{id: string, text: string, start: number, end: number, speaker: string}} LineState
 * a line as the page shows it; `speaker`: a number, or "" for no one
 */

/**
 * @typedef {{
 *   id: string,
 *   kind: "text" | "split" | "merge" | "remove",
 *   method: string,
 *   path: string,
 *   body?: any,
 *   lines: string[],
 *   added?: string[],
 *   base: number,
 *   before: LineState[],
 * }} Change an edit on its way to the server. `lines`: whom it changes; `base`: the revision at which
 * it was made; `before`: how these lines were, to take it back
 */

export {};
