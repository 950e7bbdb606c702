import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./page.js";

openPage();
const {
  formatBytes,
  formatClock,
  formatDateTime,
  formatExactClock,
  formatSeconds,
  formatShortDay,
  formatTime,
  parseClock,
} = await import("../../transcripts/pages/static/format.js");
const { fill, fillCount } = await import("../../transcripts/pages/static/texts.js");

test("clocks have hours only where there are any, as the server's", () => {
  assert.equal(formatClock(0), "0:00");
  assert.equal(formatClock(62.9), "1:02");
  assert.equal(formatClock(3599), "59:59");
  assert.equal(formatClock("3661"), "1:01:01");
});

test("days and times are in the page's language and zone, as the server's", () => {
  const time = "2026-11-26T23:05:00Z";
  document.body.dataset.timeZone = "Europe/Prague";
  assert.equal(formatDateTime(time), "27 Nov 2026, 00:05");
  assert.equal(`${formatShortDay(time)}, ${formatTime(time)}`, "27 Nov, 00:05");
  document.documentElement.lang = "cs";
  document.body.dataset.timeZone = "UTC";
  assert.equal(`${formatShortDay(time)}, ${formatTime(time)}`, "26. 11., 23:05");
  document.documentElement.lang = "en";
});

test("an exact clock is read back as the same time", () => {
  for (const seconds of [0, 0.001, 59.9995, 62.5, 3600.25, 36_000]) {
    const typed = formatExactClock(seconds);
    assert.equal(parseClock(typed), Math.round(seconds * 1000) / 1000, typed);
  }
  assert.equal(formatExactClock(59.9999), "1:00.000");
});

test("typed times may have a comma; what is no time is null", () => {
  assert.equal(parseClock(" 12,5 "), 12.5);
  assert.equal(parseClock("1:02.5"), 62.5);
  assert.equal(parseClock("1:00:02,25"), 3602.25);
  for (const typed of ["", "soon", "1:2:3:4", "-1", "1:", ":5", "1.2.3", "NaN"])
    assert.equal(parseClock(typed), null, typed);
});

test("less than ten seconds are in tenths", () => {
  assert.equal(formatSeconds(0.5), "0.5");
  assert.equal(formatSeconds(9.94), "9.9");
  assert.equal(formatSeconds(9.96), "10");
  assert.equal(formatSeconds(1234), "1234");
});

test("sizes are in decimal units, the largest of them GB", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(999), "999 B");
  assert.equal(formatBytes(1000), "1 kB");
  assert.equal(formatBytes(1_250_000), "1.3 MB");
  assert.equal(formatBytes(2e12), "2,000 GB");
});

test("a place without a value stays as it is", () => {
  assert.equal(fill("{name}: {problem}", { name: "a.srt" }), "a.srt: {problem}");
  assert.equal(fill("{n} {n}", { n: 0 }), "0 0");
});

test("the form of a text is chosen by the page's language", () => {
  const forms = { one: "{count} chyba", few: "{count} chyby", other: "{count} chyb" };
  document.documentElement.lang = "cs";
  assert.equal(fillCount(forms, 1), "1 chyba");
  assert.equal(fillCount(forms, 3), "3 chyby");
  assert.equal(fillCount(forms, 5), "5 chyb");
  document.documentElement.lang = "en";
  assert.equal(fillCount(forms, 3), "3 chyb"); // English has no `few`
});
