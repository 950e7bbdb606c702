// Reading our own WebVTT: cues of two times and their text.

const TIMES = /^(\S+) --> (\S+)/;

/**
 * @param {string} file
 * @returns {{start: number, end: number, text: string}[]} in seconds
 */
export function parseCues(file) {
  const cues = [];
  for (const block of file.split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/).filter(Boolean);
    const at = lines.findIndex((line) => TIMES.test(line));
    const [, start, end] = TIMES.exec(lines[at] ?? "") ?? [];
    if (!start || !end) continue;
    cues.push({
      start: readTime(start),
      end: readTime(end),
      text: lines.slice(at + 1).join("\n"),
    });
  }
  return cues;
}

/** @param {string} clock */
const readTime = (clock) =>
  clock.split(":").reduce((before, part) => 60 * before + Number(part), 0);

/** What a cue says, and who says it. @param {string} text */
export function plainCue(text) {
  const [, speaker = ""] = /^<v ([^>]*)>/.exec(text) ?? [];
  const plain = text.replace(/<[^>]*>/g, "");
  const decode = (/** @type {string} */ coded) =>
    coded.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  return { speaker: decode(speaker), text: decode(plain) };
}
