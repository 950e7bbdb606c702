"""Run by a real `mcp` 2.x in an environment of its own: BASE_URL, KEY, LISTENER_KEY, FETCHED_URL.

Connects with the newest protocol, and with the handshake of 2025. Prints what it got as one line of
JSON; the test reads it.
"""

import asyncio
import json
import sys

from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

base_url, key, listener_key, fetched_url = sys.argv[1:]
got: dict = {}


def connect(bearer, **options):
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {bearer}"})
    return Client(streamable_http_client(f"{base_url}/mcp", http_client=http), **options)


def refusal(error):
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
    return type(error).__name__


async def call(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    if result.is_error:
        return {"refused": result.content[0].text}
    return result.structured_content


async def use(client):
    got["protocol"] = client.protocol_version
    tools = (await client.list_tools()).tools
    got["tools"] = {
        tool.name: [
            tool.annotations.read_only_hint,
            tool.annotations.destructive_hint,
            tool.output_schema is not None,
        ]
        for tool in tools
    }
    got["instructions"] = client.instructions
    progress = []

    async def note(done, total, message):
        progress.append([done, total, message])

    got["price"] = await call(client, "transcribe_url", url=fetched_url)
    asked = {
        "url": fetched_url,
        "accept_price": True,
        "idempotency_key": "mcp-1",
        "diarize": False,
        "wait_s": 60,
    }
    done = await client.call_tool("transcribe_url", asked, progress_callback=note)
    got["transcribed"] = done.structured_content or done.content[0].text
    got["again"] = await call(client, "transcribe_url", **asked)
    got["progress"] = progress
    ours = {"transcript_id": got["transcribed"]["transcript_id"]}
    got["listed"] = await call(client, "list_transcripts", page_size=1)
    got["read"] = await call(client, "get_transcript", **ours)
    got["srt"] = await call(client, "export_transcript", format="srt", max_characters=100, **ours)
    links = await client.call_tool("export_transcript", {"format": "pdf", **ours})
    link = next(part for part in links.content if part.type == "resource_link")
    got["pdf"] = [link.mime_type, links.structured_content["text"]]
    file = (await client.read_resource(link.uri)).contents[0]
    got["pdf_head"] = file.blob[:6]
    got["models"] = await call(client, "list_models")
    got["languages"] = len((await call(client, "list_languages"))["languages"])
    got["summary"] = await call(client, "summarize_transcript", style="headline", **ours)
    got["analysis"] = await call(client, "analyze_transcript", type="topics", **ours)
    got["content"] = await call(client, "generate_from_transcript", type="key_quotes", **ours)
    got["chat"] = await call(
        client, "chat_with_transcript", question="When is the meeting?", **ours
    )
    missing = "00000000-0000-0000-0000-000000000000"
    got["unknown"] = await call(client, "get_transcript", transcript_id=missing)
    got["invalid"] = await call(client, "get_transcript", transcript_id="no uuid")


async def main():
    async with connect(key) as client:
        await use(client)
    async with connect(key, mode="legacy") as client:
        got["legacy"] = [client.protocol_version, len((await client.list_tools()).tools)]
        got["legacy_list"] = (await call(client, "list_transcripts"))["count"]
    async with connect(listener_key) as client:
        got["no_scope"] = await call(client, "list_transcripts")
    try:
        async with connect("stt_wrong") as client:
            await client.list_tools()
    except BaseException as error:  # noqa: BLE001  # whichever it raises is what is asked
        got["wrong_key"] = refusal(error)


asyncio.run(main())
print(json.dumps(got))
