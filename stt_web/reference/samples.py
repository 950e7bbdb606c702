"""The quick start: programs to copy, for the address that the reader has this server under.

`tests/stt_web/reference/test_samples.py` runs each of them as it stands on the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stt_web.reference.operations import KEY

_CURL = """\
curl BASE/v1/transcribe \\
  -H "Authorization: Bearer KEY" \\
  -F file=@meeting.mp3"""
_PYTHON = """\
import requests  # pip install requests

with open("meeting.mp3", "rb") as file:
    answer = requests.post(
        "BASE/v1/transcribe",
        headers={"Authorization": "Bearer KEY"},
        files={"file": file},
    )
answer.raise_for_status()
for segment in answer.json()["segments"]:
    print(f"{segment['start']:7.1f} s  {segment.get('speaker') or ''}: {segment['text']}")"""
_NODE = """\
import { openAsBlob } from "node:fs"; // Node.js 20 or newer, no packages

const form = new FormData();
form.append("file", await openAsBlob("meeting.mp3"), "meeting.mp3");
const answer = await fetch("BASE/v1/transcribe", {
  method: "POST",
  headers: { Authorization: "Bearer KEY" },
  body: form,
});
const { segments, error } = await answer.json();
if (error) throw new Error(error);
for (const { start, speaker, text } of segments) console.log(start, speaker ?? "", text);"""
_BROWSER = """\
<input type="file" id="recording" accept="audio/*,video/*">
<pre id="text"></pre>
<script type="module">
  recording.onchange = async () => {
    const body = new FormData();
    body.append("file", recording.files[0]);
    const answer = await fetch("BASE/v1/transcribe", {
      method: "POST",
      headers: { Authorization: "Bearer KEY" }, // use a key with an expiry on public pages
      body,
    });
    const result = await answer.json();
    text.textContent = result.text ?? result.error;
  };
</script>"""
_LIVE = """\
<button id="stop">Stop</button> <p id="final"></p> <p id="partial"></p>
<script type="module">
  const socket = new WebSocket("SOCKET/v1/stream?token=KEY");
  socket.onopen = async () => {
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    const recorder = new MediaRecorder(microphone, { mimeType: "audio/webm;codecs=opus" });
    socket.send(JSON.stringify({ language: "auto", encoding: recorder.mimeType }));
    recorder.ondataavailable = ({ data }) => socket.send(data);
    recorder.onstop = () => socket.send(JSON.stringify({ action: "stop" }));
    recorder.start(250);
    stop.onclick = () => recorder.stop();
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.error) final.append(message.error);
    if (message.text) final.append(message.text + " ");
    partial.textContent = message.partial;
  };
</script>"""


@dataclass(frozen=True)
class Sample:
    id: str
    name: str
    code: str

    @property
    def parts(self) -> list[str]:
        """The code around each place of the key."""
        return self.code.split(KEY)


def write_samples(base_url: str) -> list[Sample]:
    """Return those that transcribe a file. `base_url`: `https://example.com`."""
    return list(
        _fill(
            base_url,
            ("curl", "cURL", _CURL),
            ("python", "Python", _PYTHON),
            ("node", "Node.js", _NODE),
            ("browser", "Browser", _BROWSER),
        )
    )


def write_live_sample(base_url: str) -> Sample:
    """Return the page that transcribes a microphone, in 20 lines."""
    [sample] = _fill(base_url, ("live", "Browser", _LIVE))
    return sample


def _fill(base_url: str, *samples: tuple[str, str, str]) -> Iterator[Sample]:
    socket_url = base_url.replace("http", "ws", 1)
    for sample_id, name, code in samples:
        filled = code.replace("BASE", base_url).replace("SOCKET", socket_url).replace("KEY", KEY)
        yield Sample(sample_id, name, filled)
