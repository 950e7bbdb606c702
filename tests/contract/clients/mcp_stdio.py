"""Run by a real `mcp` 2.x in an environment of its own: STT (the program), BASE_URL, KEY.

Starts `stt mcp` as a desktop program does, with the newest protocol and with the handshake of 2025.
Prints what it got as one line of JSON; the test reads it.
"""

import asyncio
import json
import os
import sys

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

program, base_url, key = sys.argv[1:]
got: dict = {}


def connect(bearer, **options):
    env = {**os.environ, "STT_BASE_URL": base_url, "STT_API_KEY": bearer}
    started = StdioServerParameters(command=program, args=["mcp"], env=env)
    return Client(stdio_client(started), **options)


async def main():
    # Named: a client that asks for it falls back to the handshake where the start takes long.
    async with connect(key, mode="2026-07-28") as client:
        got["protocol"] = client.protocol_version
        got["tools"] = [tool.name for tool in (await client.list_tools()).tools]
        listed = await client.call_tool("list_transcripts", {"page_size": 1})
        got["listed"] = listed.structured_content
        ours = {"transcript_id": got["listed"]["transcripts"][0]["id"]}
        read = await client.call_tool("get_transcript", ours)
        got["text"] = " ".join(each["text"] for each in read.structured_content["segments"])
        file = await client.read_resource(f"transcript://{ours['transcript_id']}/srt")
        got["srt"] = file.contents[0].text
    async with connect(key, mode="legacy") as client:
        got["legacy"] = [client.protocol_version, len((await client.list_tools()).tools)]
    try:
        async with connect("stt_wrong") as client:
            await client.list_tools()
    except BaseException as error:  # noqa: BLE001  # whichever it raises is what is asked
        while getattr(error, "exceptions", None):
            error = error.exceptions[0]
        got["wrong_key"] = str(error)


asyncio.run(main())
print(json.dumps(got))
