"""Vosk's protocol over a real socket, before a service that hears one word a second."""

from typing import Any

import pytest

from tests.stt_web.served import Served
from tests.transcripts.dialects.vendor_client import VendorClient, refusal_of
from tests.transcripts.live.conftest import live, stream
from tests.transcripts.live.fake_stream import FakeStream
from tests.transcripts.live.sockets import application_server, server, speaker
from tests.transcripts.served_api import Client
from transcripts.models import Transcript

__all__ = ["application_server", "live", "server", "speaker", "stream"]  # fixtures

PATH = "/v1/vosk"
SECOND = b"\x10\x00" * 16_000


def test_each_frame_has_one_answer_and_the_end_the_rest(speaker: Client, live: FakeStream) -> None:
    """As vosk-server's test.py does it: send, wait for the answer; {"eof": 1}, the last answer."""
    with VendorClient(speaker.url, PATH, key=speaker.key) as client:
        client.send({"config": {"sample_rate": 16000.0, "phrase_list": ["kubectl", "[unk]"]}})
        answers = []
        for start in range(0, 3 * len(SECOND), 8000):
            client.send((SECOND * 3)[start : start + 8000])
            answers.append(client.receive())
        client.send({"eof": 1})
        rest = client.receive_all()

    assert all(("partial" in each) != ("text" in each) for each in answers)
    texts = [each["text"] for each in (*answers, *rest) if each.get("text")]
    assert " ".join(texts) == "w0 w1 w2"
    assert len(rest) == 1
    words = [word for each in (*answers, *rest) for word in each.get("result", ())]
    assert words[0] == {"word": "w0", "start": 0.0, "end": 1.0, "conf": 0.75}
    assert client.close_code == 1000
    assert list(live.calls[-1].config.hot_words) == ["kubectl"]
    assert Transcript.objects.get(owner=speaker.user).credits_charged == 1


def test_other_rates_are_resampled_and_words_left_out(speaker: Client, live: FakeStream) -> None:
    with VendorClient(speaker.url, f"{PATH}?language=cs&token={speaker.key}") as client:
        client.send({"config": {"sample_rate": 8000, "words": 0}})
        client.send(b"\x10\x00" * 16_000)
        client.receive()
        client.send({"eof": 1})
        rest = client.receive_all()

    assert "result" not in rest[-1]
    assert len(live.calls[-1].pcm) == 2 * len(SECOND)
    assert live.calls[-1].config.language == "cs"


def test_guests_may_speak_and_an_end_without_audio_is_an_end(server: Served) -> None:
    with VendorClient(server.url, PATH) as client:
        client.send({"eof": 1})
        assert client.receive_all() == [{"text": ""}]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ({"hello": 1}, "unknown_action"),
        ({"config": {"sample_rate": 96_000}}, "invalid_value"),
        ({"config": 7}, "invalid_value"),
        (b"fLaC" + bytes(400), "unsupported_audio"),
    ],
)
def test_what_cannot_be_used_ends_it_with_an_error(speaker: Client, frame: Any, code: str) -> None:
    with VendorClient(speaker.url, PATH, key=speaker.key) as client:
        client.send(frame)
        last = client.receive_all()[-1]
    assert (last["code"], client.close_code) == (code, 4400)


def test_a_wrong_key_is_refused_at_the_handshake(server: Served) -> None:
    status, body, _ = refusal_of(server.url, PATH, key="stt_wrong")
    assert (status, body["code"]) == (401, "invalid_key")
