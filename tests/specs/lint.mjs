// Lints the two documents: node tests/specs/lint.mjs OPENAPI_JSON ASYNCAPI_JSON.
// With the engines of @redocly/cli and @asyncapi/cli, without what their command lines bring.
import console from "node:console";
import { readFileSync } from "node:fs";
import process from "node:process";
import { Parser } from "@asyncapi/parser";
import { createConfig, lintFromString } from "@redocly/openapi-core";

const [openapi, asyncapi] = process.argv.slice(2);
// What "recommended" asks for beyond a document that is right, and we don't give.
const rules = {
  "info-license": "off",
  "no-server-example.com": "off",
  "operation-4xx-response": "off",
  "security-defined": "off", // what is open to everyone has none
  "no-ambiguous-paths": "off", // /transcripts/claim/ beside /transcripts/{id}/, which is a UUID
  "no-path-trailing-slash": "off", // /api/v1/ has them
  "no-empty-servers": "off", // it is the server that answers it
};
const config = await createConfig({ extends: ["recommended"], rules });
const source = readFileSync(openapi, "utf8");
const found = (await lintFromString({ source, absoluteRef: openapi, config })).map(
  ({ severity, message, location }) => ({ severity, message, where: location[0]?.pointer }),
);
const { diagnostics } = await new Parser().parse(readFileSync(asyncapi, "utf8"));
for (const { severity, message, path } of diagnostics) {
  const name = severity === 0 ? "error" : severity === 1 ? "warn" : "note";
  found.push({ severity: name, message, where: path.join("/") });
}
const wrong = found.filter(({ severity }) => severity !== "note");
for (const { severity, message, where } of wrong) {
  console.error(`${severity} ${where}: ${message}`);
}
process.exitCode = wrong.length ? 1 : 0;
