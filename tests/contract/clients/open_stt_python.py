"""Our Python client as installed: argv is the address, the key and a recording. Prints JSON."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import open_stt
from open_stt import AsyncSTTClient, STTClient

address, key, recording, pcm = sys.argv[1:]
got: dict[str, Any] = {"installed": "site-packages" in open_stt.__file__}


def refusal(use: Any) -> list[Any]:
    try:
        use()
    except open_stt.STTError as error:
        return [type(error).__name__, error.code, bool(error.request_id)]
    return []


reports: list[str] = []
with STTClient(key, address) as client:
    result = client.transcribe(recording, on_progress=lambda report: reports.append(report.stage))
    transcript_id = result["id"]
    got["text"] = result["text"]
    got["stages"] = reports[-1:]
    got["srt"] = client.transcribe(recording, response_format="srt")
    got["words"] = [
        word["word"]
        for word in client.transcribe(recording, response_format="verbose_json")["words"]
    ]
    with open(recording, "rb") as file:
        got["in_parts"] = client.transcribe(file.read(), file_name="a.flac", language="en")["text"]
    pipe = subprocess.Popen(["cat", recording], stdout=subprocess.PIPE)
    assert pipe.stdout is not None
    got["pipe"] = client.transcribe(pipe.stdout)["text"]
    pipe.wait()

    segment = next(iter(client.transcripts.segments(transcript_id)))
    edited = client.transcripts.edit_segment(transcript_id, segment["id"], text="Corrected text.")
    got["revision"] = edited["revision"]
    got["exported"] = client.transcripts.export_text(transcript_id, "txt", timestamps="none")
    got["found"] = [each["id"] == transcript_id for each in client.transcripts.search("corrected")]
    client.transcripts.restore_revision(transcript_id, 0)
    client.transcripts.update(transcript_id, title="A title", tags=["sdk"])
    got["tagged"] = [each["title"] for each in client.transcripts.list(tag="sdk")]
    audio = client.transcripts.audio(transcript_id, Path(recording).with_name("back.flac"))
    got["audio"] = audio.read_bytes() == Path(recording).read_bytes()

    made = client.keys.create("only transcribes", scopes=["transcribe"])
    with STTClient(made["key"], address) as narrow:
        got["narrow"] = narrow.transcribe(recording)["text"]
        got["narrow_reads"] = refusal(lambda: list(narrow.transcripts.list()))
    got["keys"] = [each["name"] for each in client.keys.list() if each["id"] == made["id"]]
    client.keys.revoke(made["id"])
    with STTClient(made["key"], address) as revoked:
        got["revoked"] = refusal(revoked.account)
    got["usage"] = len(client.usage()["days"])
    got["unknown"] = refusal(lambda: client.transcripts.get("00000000-0000-0000-0000-000000000000"))
    got["not_audio"] = refusal(lambda: client.transcribe(b"no sound" * 1000))
    got["no_model"] = refusal(lambda: client.transcribe(recording, "no-such-model"))

    received: list[str] = []
    session = client.stream(lambda message: received.append(message["text"]), language="en")
    session.send(Path(pcm).read_bytes())
    got["stream"] = session.finish()["transcript"]
    got["stream_pieces"] = "".join(received).strip()

with STTClient("", address) as guest:
    got["guest"] = guest.transcribe(recording)["text"]


async def use_async() -> None:
    async with AsyncSTTClient(key, address) as client:
        got["async"] = (await client.transcribe(recording))["text"]
        got["async_ids"] = len([each async for each in client.transcripts.list()]) > 0
        async with client.live(language="en") as session:
            await session.send(Path(pcm).read_bytes())
            got["live"] = (await session.finish())["transcript"]
        await client.transcripts.delete(transcript_id)


asyncio.run(use_async())
print(json.dumps(got))
