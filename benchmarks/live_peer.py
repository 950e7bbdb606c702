"""A peer's approach to live text: one model call for each session, on its own growing buffer.

    python -m benchmarks.live_peer SESSIONS SECONDS [vad]

whisper_streaming's way (Macháček et al. 2023, `whisper_online.py` with its defaults): whenever at
least a second of new audio is there and the last call is back, faster-whisper's `transcribe` with
word times, beam 5 and the last 200 characters as prompt decodes the whole buffer; a buffer longer
than 15 s is cut at the end of its last but one segment. `vad` adds its `--vad` option. One thread a
session, one model for all. The audio is paced by the clock and comes from memory: no network.

Prints one JSON line: every lag in milliseconds, one for each 100 ms and session.
"""

import json
import sys
import threading
import time

import numpy as np
from faster_whisper import WhisperModel

from benchmarks.live_client import SpeechMap
from benchmarks.recordings import RATE_HZ, Pcm, load_roll
from benchmarks.weights import WEIGHTS

_CHUNK_S = 1.0
_LONGEST_S = 15.0
_PROMPT_CHARACTERS = 200


class PeerSession(threading.Thread):
    def __init__(self, model: WhisperModel, pcm: Pcm, *, has_vad: bool, delay_s: float) -> None:
        super().__init__()
        self._model = model
        self._audio = pcm.astype(np.float32) / 32768
        self._has_vad = has_vad
        self._delay_s = delay_s
        self._buffer_start = 0
        self._text = ""
        self.began = 0.0
        self.covered = [(0.0, 0.0)]  # (when, milliseconds of audio)

    def run(self) -> None:
        time.sleep(self._delay_s)
        self.began = time.perf_counter()
        received = 0
        while received < len(self._audio):
            now = min(len(self._audio), self._received())
            if now - received < min(_CHUNK_S * RATE_HZ, len(self._audio) - received):
                time.sleep(0.02)
                continue
            self._recognise(now)
            received = now
            self.covered.append((time.perf_counter() - self.began, 1000 * now / RATE_HZ))

    def _received(self) -> int:
        return int((time.perf_counter() - self.began) * RATE_HZ)

    def _recognise(self, now: int) -> None:
        segments, _ = self._model.transcribe(
            self._audio[self._buffer_start : now],
            language="en",
            initial_prompt=self._text[-_PROMPT_CHARACTERS:],
            beam_size=5,
            word_timestamps=True,
            condition_on_previous_text=True,
            vad_filter=self._has_vad,
        )
        found = list(segments)
        if (now - self._buffer_start) / RATE_HZ > _LONGEST_S:
            done = found[:-1]
            self._text += "".join(segment.text for segment in done)
            cut = done[-1].end * RATE_HZ if done else _LONGEST_S * RATE_HZ
            self._buffer_start += int(cut)


def measure_lags(session: PeerSession, pcm: Pcm) -> list[float]:
    """Return the lag at every 100 ms of the recording, as `live_client` takes it."""
    speech = SpeechMap(pcm)
    lags = []
    index = 0
    for sent_ms in range(100, 1000 * len(pcm) // RATE_HZ, 100):
        while index + 1 < len(session.covered) and session.covered[index + 1][0] * 1000 <= sent_ms:
            index += 1
        lags.append(max(0.0, sent_ms - speech.next_speech_ms(session.covered[index][1])))
    return lags


def main(sessions: int, seconds: float, *, has_vad: bool) -> None:
    model = WhisperModel(str(WEIGHTS), device="cpu", compute_type="int8", cpu_threads=1)
    recordings = [load_roll(seed, seconds=seconds) for seed in range(sessions)]
    list(model.transcribe(recordings[0][:RATE_HZ].astype(np.float32) / 32768, language="en")[0])
    threads = [
        PeerSession(model, pcm, has_vad=has_vad, delay_s=index / sessions)
        for index, pcm in enumerate(recordings)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pairs = zip(threads, recordings, strict=True)
    print(json.dumps([lag for thread, pcm in pairs for lag in measure_lags(thread, pcm)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), has_vad="vad" in sys.argv[3:])
