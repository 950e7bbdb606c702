import assert from "node:assert/strict";
import { test } from "node:test";
import { answerFetch, json, never, offline, openPage } from "./page.js";

openPage();
const requests = await import("../../transcripts/pages/static/requests.js");
const { fetchTicket, pause, request, requestJson, withRetries } = requests;
const { fetchExport } = await import("../../transcripts/exports/static/exports.js");

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<import("../../transcripts/pages/static/requests.js").RequestError>}
 */
async function failure(promise) {
  try {
    await promise;
  } catch (problem) {
    assert.ok(problem instanceof requests.RequestError, String(problem));
    return problem;
  }
  throw new assert.AssertionError({ message: "It did not fail" });
}

test("a lost network is a sentence in the page's language, and passing", async () => {
  answerFetch(offline);
  const problem = await failure(request("/x"));
  assert.equal(problem.message, "No connection.");
  assert.ok(problem.isPassing);
});

test("an answer that never comes ends by the time-out", async () => {
  answerFetch(never);
  const problem = await failure(request("/x", { timeoutMs: 10 }));
  assert.equal(problem.message, "No answer.");
});

test("a request that the caller aborts is no error to show", async () => {
  answerFetch(never);
  const controller = new AbortController();
  const asked = request("/x", { signal: controller.signal });
  controller.abort();
  await assert.rejects(asked, { name: "AbortError" });
});

test("the API's own sentence is shown, with its status and code", async () => {
  answerFetch(json({ error: "Too large.", code: "too_large" }, { status: 413 }));
  const { message, status, code, isPassing } = await failure(request("/x"));
  assert.deepEqual([message, status, code, isPassing], ["Too large.", 413, "too_large", false]);
});

test("a proxy's page instead of an answer is a sentence, too", async () => {
  answerFetch(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  const problem = await failure(request("/x"));
  assert.equal(problem.message, "Error 502.");
  assert.ok(problem.isPassing);
  answerFetch(new Response("<h1>Log in</h1>"));
  assert.equal((await failure(requestJson("/x"))).message, "No connection.");
});

test("an answer without a body is null", async () => {
  answerFetch(new Response(null, { status: 204 }));
  assert.equal(await requestJson("/x"), null);
});

test("a ticket: logged out is not the same as a server that is away", async () => {
  answerFetch(json({ error: "You are not logged in." }, { status: 401 }));
  assert.equal((await failure(fetchTicket("/t"))).code, "logged_out");
  answerFetch(new Response("", { status: 403 })); // its CSRF token is of another session
  assert.equal((await failure(fetchTicket("/t"))).code, "logged_out");
  for (const answer of [offline, new Response("", { status: 503 })]) {
    answerFetch(answer);
    assert.equal((await failure(fetchTicket("/t"))).code, ""); // live-client.js tries again
  }
  const calls = answerFetch(json({ ticket: "t1" }));
  assert.equal(await fetchTicket("/t"), "t1");
  assert.equal(new Headers(calls[0]?.options.headers).get("X-CSRFToken"), "csrf-1");
});

test("passing failures are tried again, as often as there are waits", async () => {
  const busy = new Response("", { status: 503 });
  let calls = answerFetch(busy, offline, json({ ok: 1 }));
  const waitsMs = [1, 1];
  assert.deepEqual(await withRetries(() => requestJson("/x"), { waitsMs }), { ok: 1 });
  assert.equal(calls.length, 3);

  calls = answerFetch(busy);
  assert.equal((await failure(withRetries(() => request("/x"), { waitsMs }))).status, 503);
  assert.equal(calls.length, 3);
});

test("other failures are not tried again, nor what asks for a long wait", async () => {
  for (const answer of [
    new Response("", { status: 404 }),
    new Response("", { status: 429, headers: { "Retry-After": "86400" } }),
  ]) {
    const calls = answerFetch(answer);
    await failure(withRetries(() => request("/x"), { waitsMs: [1, 1] }));
    assert.equal(calls.length, 1);
  }
});

test("a pause ends with its signal", async () => {
  const controller = new AbortController();
  const waiting = pause(60_000, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  await assert.rejects(pause(60_000, controller.signal), { name: "AbortError" });
});

test("a file that a worker makes is waited for", async () => {
  const later = json({}, { status: 202, headers: { "Retry-After": "0.001" } });
  const calls = answerFetch(later, later, new Response("text"));
  assert.equal(await (await fetchExport("/e")).text(), "text");
  assert.equal(calls.length, 3);
});

test("waiting for a file ends: by patience, by an error, by cancelling", async () => {
  const later = json({}, { status: 202, headers: { "Retry-After": "0.001" } });
  answerFetch(later);
  assert.equal((await failure(fetchExport("/e", { patienceMs: 10 }))).message, "Too slow.");

  answerFetch(later, json({ error: "It failed." }, { status: 500 }));
  assert.equal((await failure(fetchExport("/e"))).message, "It failed.");

  answerFetch(json({}, { status: 202, headers: { "Retry-After": "60" } }));
  const controller = new AbortController();
  const waiting = fetchExport("/e", { signal: controller.signal });
  setTimeout(() => controller.abort(), 5);
  await assert.rejects(waiting, { name: "AbortError" });
});

test("a network lost while a file is made is tried again", async () => {
  const later = json({}, { status: 202, headers: { "Retry-After": "0.001" } });
  answerFetch(later, offline, new Response("text"));
  assert.equal(await (await fetchExport("/e", { waitsMs: [1] })).text(), "text");
});
