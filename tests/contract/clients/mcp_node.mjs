// Run with a real `@modelcontextprotocol/sdk` 1.x: BASE_URL, KEY, TRANSCRIPT_ID, FOLDER of node_modules.
// Prints what it got as one line of JSON.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [base, key, id, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)));
const { Client } = await load("client/index.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");

const open = async (bearer) => {
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { Authorization: `Bearer ${bearer}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${base}/mcp`), { requestInit }));
  return client;
};

const got = {};
const client = await open(key);
got.server = client.getServerVersion().name;
got.tools = (await client.listTools()).tools.map((tool) => tool.name).sort();
const page = (number) =>
  client.callTool({
    name: "get_transcript",
    arguments: { transcript_id: id, page: number, page_size: 100 },
  });
const texts = [];
let pages = 0;
for (let number = 1; number !== null; pages += 1) {
  const { structuredContent } = await page(number);
  texts.push(...structuredContent.segments.map((segment) => segment.text));
  number = structuredContent.next_page;
}
got.pages = pages;
got.segments = texts.length;
got.last = texts.at(-1);
const refused = await client.callTool({ name: "get_transcript", arguments: { transcript_id: "x" } });
got.refused = refused.isError;
await client.close();
try {
  await open("stt_wrong");
} catch (error) {
  got.wrong = error.code;
}
console.log(JSON.stringify(got));
