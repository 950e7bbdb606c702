// Quoted lines of an answer: "12:03 Anna: what was said". Nothing of a page here.

const CLOCK = /^((?:\d+:)?\d+:\d{2}) /;

/**
 * Return the time that a quoted line begins with, and what follows; null where it has none.
 * @param {string} line
 */
export function splitClock(line) {
  const [, clock] = CLOCK.exec(line) ?? [];
  if (!clock) return null;
  const seconds = clock.split(":").reduce((before, part) => 60 * before + Number(part), 0);
  return { seconds, rest: line.slice(clock.length + 1) };
}

/** What a source says, as an answer quotes it. @param {{text: string}} source */
export const bareText = ({ text }) => text.split(/\s+/).join(" ").trim();
