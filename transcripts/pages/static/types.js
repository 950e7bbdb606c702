// Shapes of what the API answers, as far as the pages use them. Types only: nothing runs here.

/** @typedef {{word: string, start: number, end: number, timing?: string}} Word times in seconds */

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
 *   segments: Segment[],
 *   removed: string[],
 *   speakers: Speaker[],
 * }} EditAnswer `complete` false: more changed than is listed
 */

export {};
