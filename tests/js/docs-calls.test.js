import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { openPage } from "./page.js";

openPage();
const { readCurl, writeJavaScript, writePython } =
  await import("../../stt_web/static_files/stt_web/docs-calls.js");

const KEY = '-H "Authorization: Bearer YOUR_API_KEY"';
const FORM = `curl https://stt.example/v1/transcribe \\\n  ${KEY} \\\n  -F file=@meeting.mp3 \\\n  -F model=base`;
const JSON_BODY = `curl -X PATCH https://stt.example/api/v1/transcripts/ID/ \\\n  ${KEY} \\\n  -H "If-Match: 3" \\\n  -H "Content-Type: application/json" \\\n  -d '{"title": "It’s \\"so\\"", "tags": [], "is_new": true, "note": null}'`;
const BYTES = `curl -X PATCH https://stt.example/uploads/ID \\\n  -H "Content-Type: application/offset+octet-stream" \\\n  --data-binary @meeting.mp3`;
const ALL = { FORM, JSON_BODY, BYTES, READ: "curl 'https://stt.example/search?q=words'" };

test("a cURL line of the reference is read as the call that it makes", () => {
  const form = readCurl(FORM);
  assert.equal(form.method, "POST");
  assert.deepEqual([form.fileField, form.fileName], ["file", "meeting.mp3"]);
  assert.deepEqual(form.fields, { model: "base" });
  assert.deepEqual(form.headers, { Authorization: "Bearer YOUR_API_KEY" });
  const patch = readCurl(JSON_BODY);
  assert.deepEqual(patch.headers["If-Match"], "3");
  assert.equal(patch.json.title, 'It’s "so"');
  assert.equal(readCurl(ALL.READ).url, "https://stt.example/search?q=words");
  assert.equal(readCurl(ALL.READ).method, "GET");
});

test("both languages are programs, with what the call has", () => {
  for (const [name, line] of Object.entries(ALL)) {
    const call = readCurl(line);
    const python = writePython(call);
    const check = "import sys; compile(sys.stdin.read(), 'sample', 'exec')";
    const checked = spawnSync("python3", ["-c", check], { input: python, encoding: "utf8" });
    assert.equal(checked.status, 0, `${name}: ${checked.stderr}\n${python}`);
    const javaScript = writeJavaScript(call).replace(/^import .*$/m, "");
    assert.doesNotThrow(() => new Function(`return async () => {${javaScript}}`), javaScript);
    for (const program of [python, javaScript]) assert.ok(program.includes(call.url), program);
  }
  const python = writePython(readCurl(JSON_BODY));
  assert.match(python, /"tags": \[\], "is_new": True, "note": None/);
  assert.match(writePython(readCurl(FORM)), /files=\{"file": file\}/);
  assert.match(writeJavaScript(readCurl(FORM)), /form\.append\("file", await openAsBlob/);
});
