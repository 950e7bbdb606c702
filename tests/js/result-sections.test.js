import assert from "node:assert/strict";
import { test } from "node:test";

const { placesOf, sectionsOf } =
  await import("../../transcripts/intelligence/static/result-sections.js");

/** @param {number} start */
const at = (start, order = start / 5) => ({
  characters: [0, 9],
  segments: [order],
  start,
  end: start + 5,
});
/** @param {number} start */
const place = (start, order = start / 5) => ({ start, order });

test("a summary's lines have the places of their sentences", () => {
  const result = {
    summary: "- send the draft (owner: Ann)\n- call Bob",
    sentences: [
      { text: "I will send the draft.", evidence: at(5) },
      { text: "Call Bob, please.", evidence: at(10) },
    ],
  };
  assert.deepEqual(sectionsOf({ kind: "summary", name: "action_items", result }), [
    {
      name: "",
      items: [
        { text: "send the draft (owner: Ann)", places: [place(5)] },
        { text: "call Bob", places: [place(10)] },
      ],
    },
  ]);
});

test("sentences in one line are shown one by one", () => {
  const result = {
    summary: "One. Two.",
    sentences: [
      { text: "One.", evidence: at(0) },
      { text: "Two.", evidence: at(5) },
    ],
  };
  const [section] = sectionsOf({ kind: "summary", name: "brief", result });
  assert.deepEqual(
    section?.items.map(({ text }) => text),
    ["One.", "Two."],
  );
});

test("notes have a section for each part that says something", () => {
  const result = {
    data: {
      speakers: ["Ann"],
      decisions: [],
      action_items: [{ task: "call Bob", owner: "Ann", due: "by Friday", evidence: at(5) }],
      chapters: [{ title: "Ovens", points: [{ text: "They arrived.", evidence: at(0) }] }],
      review: [{ front: "_____ arrived.", back: "Ovens", evidence: at(0) }],
    },
  };
  assert.deepEqual(sectionsOf({ kind: "content", name: "meeting_notes", result }), [
    { name: "speakers", items: [{ text: "Ann", places: [] }] },
    {
      name: "action_items",
      items: [{ text: "call Bob", places: [place(5)], owner: "Ann", due: "by Friday" }],
    },
    { name: "chapters", title: "Ovens", items: [{ text: "They arrived.", places: [place(0)] }] },
    {
      name: "review",
      items: [
        { text: "_____ arrived.", places: [place(0)], answer: { text: "Ovens", places: [] } },
      ],
    },
  ]);
});

test("what is named several times is one item, and neutral sentences are left out", () => {
  const entities = [
    { text: "Leeds", label: "PLACE", start: 3, end: 8, evidence: at(10) },
    { text: "Friday", label: "DATE", start: 9, end: 15, evidence: at(5) },
    { text: "Leeds", label: "PLACE", start: 30, end: 35, evidence: at(20) },
  ];
  assert.deepEqual(
    sectionsOf({ kind: "analysis", name: "entities", result: { result: entities } }),
    [
      { name: "PLACE", items: [{ text: "Leeds", places: [place(10), place(20)] }] },
      { name: "DATE", items: [{ text: "Friday", places: [place(5)] }] },
    ],
  );
  const sentiment = {
    label: "negative",
    segments: [
      { text: "Fine.", label: "neutral", evidence: at(0) },
      { text: "Terrible.", label: "negative", evidence: at(5) },
    ],
  };
  assert.deepEqual(
    sectionsOf({ kind: "analysis", name: "sentiment", result: { result: sentiment } }),
    [{ name: "negative", items: [{ text: "Terrible.", places: [place(5)] }] }],
  );
});

test("freely written text has no sections", () => {
  const result = { content: "# A post", data: null };
  assert.deepEqual(sectionsOf({ kind: "content", name: "blog_post", result }), []);
});

test("places are in order, each once, and only those that have a time", () => {
  assert.deepEqual(placesOf([at(10), at(5), at(10), { characters: [0, 1] }]), [
    place(5),
    place(10),
  ]);
  assert.deepEqual(placesOf(null), []);
  assert.deepEqual(placesOf({ start: 2.5, segment_order: 1 }), [{ start: 2.5, order: 1 }]);
});
