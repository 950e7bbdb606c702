"""Shared links: by API for the owner, by page for the recipient."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django import Settings

from accounts.keys.issue import issue_api_key
from tests.transcripts.rows import create_transcript
from tests.transcripts.served_api import Client, make_client
from transcripts.gaps.models import Gap
from transcripts.models import Segment, Speaker, Status, Transcript
from transcripts.sharing.links import PASSWORDS_AN_ADDRESS
from transcripts.sharing.models import ShareLink

AUDIO = bytes(range(256)) * 4000  # 1,024,000 bytes: several pieces

Make = Callable[..., Transcript]


@pytest.fixture
def make(client: Client, settings: Settings, tmp_path: Path) -> Make:
    """Make a finished transcript of the client's, with a recording."""
    settings.MEDIA_ROOT = tmp_path / "media"

    def make(**fields: Any) -> Transcript:
        recording = f"{uuid.uuid4().hex}/recording"
        path = settings.MEDIA_ROOT / recording
        path.parent.mkdir(parents=True)
        path.write_bytes(AUDIO)
        values = {
            "owner": client.user,
            "status": Status.COMPLETED,
            "title": "Porada <b>",
            "file_name": "secret-project.mp3",
            "model_requested": "tiny",
            "language": "cs",
            "path": recording,
            "container": "MP3",
            **fields,
        }
        transcript = create_transcript(**values)
        speaker = Speaker.objects.create(
            transcript=transcript, position=1, label="Speaker 1", display_name="Jana <i>"
        )
        Segment.objects.create(
            transcript=transcript,
            position=1,
            start_ms=61_500,
            end_ms=63_000,
            text="Dobrý den <script>",
            confidence=1,
            speaker=speaker,
        )
        return transcript

    return make


def shares_of(transcript: Transcript) -> str:
    return f"/api/v1/transcripts/{transcript.pk}/shares/"


def share(client: Client, transcript: Transcript, **fields: Any) -> Any:
    made = client.call("POST", shares_of(transcript), json=fields)
    assert made.status_code == 201, made.text
    assert made.headers["Cache-Control"] == "no-store"
    return made.json()


def test_a_shared_page_names_what_is_missing_in_its_place(client: Client, make: Make) -> None:
    transcript = make(
        warnings=[{"code": "speech_not_transcribed", "message": "", "gaps": 1, "seconds": 4.0}]
    )
    Gap.objects.create(
        transcript=transcript, start_ms=65_000, end_ms=69_000, reason="repetition", text="secret"
    )

    page = fetch(share(client, transcript)["url"], headers={"Accept-Language": "cs"}).text

    assert page.index("Dobrý den") < page.index("4,0 s nepřepsáno")
    assert "secret" not in page


def test_a_links_words_have_their_times_under_the_same_check(client: Client, make: Make) -> None:
    transcript = make()
    word = {"word": "Dobrý", "start_ms": 61_500, "end_ms": 62_000, "confidence": 0.2}
    transcript.segments.update(words=[word])
    link, locked = share(client, transcript), share(client, transcript, password="secret word")

    answer = fetch(f"{link['url']}words/")
    assert answer.headers["Cache-Control"] == "private, no-store"
    [line] = answer.json()["results"]
    assert f'id="s-{line["id"]}"' in fetch(link["url"]).text
    assert line["words"] == [{"word": "Dobrý", "start": 61.5, "end": 62.0}]
    assert fetch(f"{link['url']}words/?line=1").json() == {"results": []}
    assert fetch(f"{locked['url']}words/").status_code == 403
    assert fetch(f"{client.url}/s/{'x' * 43}/words/").status_code == 404


def fetch(url: str, **options: Any) -> requests.Response:
    """As a person who has no account and brings nothing along."""
    return requests.get(url, timeout=10, allow_redirects=False, **options)


def try_password(url: str, password: str) -> requests.Response:
    # As browsers send a form from a page without a referrer.
    return requests.post(
        url,
        data={"password": password},
        headers={"Origin": "null"},
        timeout=10,
        allow_redirects=False,
    )


def test_a_link_shows_text_and_player_and_nothing_else(client: Client, make: Make) -> None:
    transcript = make()
    link = share(client, transcript)

    page = fetch(link["url"])

    assert page.status_code == 200
    assert "Dobrý den &lt;script&gt;" in page.text
    assert "Jana &lt;i&gt;" in page.text
    assert "<h1>Porada &lt;b&gt;</h1>" in page.text
    assert 'data-start="61.500"' in page.text
    assert '<span class="time">1:01</span>' in page.text
    for secret in (client.user.email, str(transcript.pk), "secret-project", "/account/"):
        assert secret not in page.text
    token = link["url"].rstrip("/").rpartition("/")[2]
    assert len(token) >= 43
    stored = ShareLink.objects.values().get()
    assert token not in str(stored)


def test_a_shared_page_is_withheld_from_caches_indexes_and_referrers(
    client: Client, make: Make
) -> None:
    link = share(client, make())

    for answer in (fetch(link["url"]), fetch(link["url"] + "audio/")):
        assert answer.status_code == 200
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
    text = fetch(link["url"]).text
    assert '<meta name="robots" content="noindex' in text
    assert '<meta name="referrer" content="no-referrer">' in text


@pytest.mark.parametrize(
    ("language", "notice"), [("en", "generated by a machine"), ("cs", '<html lang="cs">')]
)
def test_the_page_speaks_the_readers_language(
    client: Client, make: Make, language: str, notice: str
) -> None:
    link = share(client, make())

    assert notice in fetch(link["url"], headers={"Accept-Language": language}).text


def test_a_wrong_revoked_expired_or_unreadable_link_is_the_same_404(
    client: Client, make: Make
) -> None:
    transcript = make()
    revoked, expired, unreadable = (share(client, transcript) for _ in range(3))
    removed = client.call("DELETE", f"{shares_of(transcript)}{revoked['id']}/")
    assert removed.status_code == 204
    now = timezone.now()
    ShareLink.objects.filter(pk=expired["id"]).update(expires_at=now - timedelta(seconds=1))
    other = make(status=Status.PROCESSING)
    ShareLink.objects.filter(pk=unreadable["id"]).update(transcript=other)

    wrong = f"{client.url}/s/{'x' * 43}/"
    dead = [revoked["url"], expired["url"], unreadable["url"], wrong]
    pages = [fetch(url) for url in dead]

    assert [page.status_code for page in pages] == [404] * 4
    assert len({page.text for page in pages}) == 1
    assert "text/html" in pages[0].headers["Content-Type"]
    assert [fetch(url + "audio/").status_code for url in dead] == [404] * 4
    assert fetch(wrong).headers["Referrer-Policy"] == "no-referrer"


def test_a_link_dies_with_its_transcript(client: Client, make: Make) -> None:
    transcript = make()
    link = share(client, transcript)
    client.call("DELETE", f"/api/v1/transcripts/{transcript.pk}/")

    assert fetch(link["url"]).status_code == 404


def test_a_password_is_asked_for_before_anything_is_shown(client: Client, make: Make) -> None:
    link = share(client, make(), password="čtyři slova")

    closed = fetch(link["url"])
    wrong = try_password(link["url"], "pět slov")
    right = try_password(link["url"], "čtyři slova")

    assert link["has_password"] is True
    assert (closed.status_code, wrong.status_code, right.status_code) == (200, 403, 303)
    assert "Dobrý den" not in closed.text + wrong.text
    assert "Porada" not in closed.text + wrong.text
    assert fetch(link["url"] + "audio/").status_code == 403
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert f"Path={link['url'].removeprefix(client.url)}" in cookie
    shown = cookie.partition(";")[0]
    opened = fetch(link["url"], headers={"Cookie": shown})
    assert "Dobrý den" in opened.text
    assert fetch(link["url"] + "audio/", headers={"Cookie": shown}).content == AUDIO


def test_the_pass_of_one_link_opens_no_other(client: Client, make: Make) -> None:
    transcript = make()
    one = share(client, transcript, password="the same")
    other = share(client, transcript, password="the same")
    cookie = try_password(one["url"], "the same").headers["Set-Cookie"].partition(";")[0]

    assert "Dobrý den" not in fetch(other["url"], headers={"Cookie": cookie}).text
    assert fetch(other["url"] + "audio/", headers={"Cookie": cookie}).status_code == 403


def test_trying_passwords_is_stopped_even_where_the_guess_is_right(
    client: Client, make: Make
) -> None:
    link = share(client, make(), password="right enough")
    guesses = [try_password(link["url"], f"wrong {n}") for n in range(PASSWORDS_AN_ADDRESS)]

    stopped = try_password(link["url"], "right enough")

    assert {guess.status_code for guess in guesses} == {403}
    assert (stopped.status_code, "Set-Cookie" in stopped.headers) == (429, False)
    assert 0 < int(stopped.headers["Retry-After"]) <= 900
    assert "text/html" in stopped.headers["Content-Type"]


def test_links_are_listed_without_their_addresses(client: Client, make: Make) -> None:
    transcript = make()
    expires_at = (timezone.now() + timedelta(days=1)).isoformat()
    made = share(client, transcript, expires_at=expires_at)

    listed = client.get(shares_of(transcript)).json()["results"]

    assert [row["id"] for row in listed] == [made["id"]]
    assert "url" not in listed[0]
    assert listed[0]["expires_at"] is not None
    client.call("DELETE", f"{shares_of(transcript)}{made['id']}/")
    assert client.get(shares_of(transcript)).json()["results"] == []
    again = client.call("DELETE", f"{shares_of(transcript)}{made['id']}/")
    assert again.status_code == 404


@pytest.mark.parametrize(
    "fields",
    [{"expires_at": "2020-01-01T00:00:00Z"}, {"expires_at": "soon"}, {"password": "abc"}],
)
def test_a_link_that_can_not_be_is_refused(
    client: Client, make: Make, fields: dict[str, str]
) -> None:
    made = client.call("POST", shares_of(make()), json=fields)

    assert (made.status_code, made.json()["code"]) == (400, "invalid_value")
    assert not ShareLink.objects.exists()


@pytest.mark.parametrize("then", ["shares/", "shares/{share}/", "audio/"])
def test_anothers_transcript_is_404_and_the_wrong_scope_403_and_no_key_401(
    client: Client, guest: Client, make: Make, then: str
) -> None:
    transcript = make()
    made = share(client, transcript)
    method = "DELETE" if "{share}" in then else "GET"
    path = f"/api/v1/transcripts/{transcript.pk}/{then.format(share=made['id'])}"
    narrow = issue_api_key(client.user, name="narrow", scopes=["transcribe"])[1]

    assert make_client(guest.url).call(method, path).status_code == 404
    assert guest.call(method, path).status_code == 401
    assert Client(guest.url, narrow).call(method, path).status_code == 403
    assert client.call("PUT", path, json={}).status_code == 405
    assert ShareLink.objects.get().revoked_at is None


def audio_of(transcript: Transcript) -> str:
    return f"/api/v1/transcripts/{transcript.pk}/audio/"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=1000000-", 1_000_000, 1_023_999),
        ("bytes=0-99999999", 0, 1_023_999),
        ("bytes=-500", 1_023_500, 1_023_999),
        ("bytes=-99999999", 0, 1_023_999),
        ("bytes=200000-800000", 200_000, 800_000),
    ],
)
def test_a_range_is_answered_with_just_these_bytes(
    client: Client, make: Make, asked: str, first: int, last: int
) -> None:
    transcript = make()
    shared = share(client, transcript)["url"] + "audio/"

    for answer in (
        client.get(audio_of(transcript), headers={"Range": asked}),
        fetch(shared, headers={"Range": asked}),
    ):
        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(AUDIO)}"
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert answer.content == AUDIO[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=1024000-", "bytes=9999999-10000000", "bytes=-0"])
def test_a_range_outside_of_it_is_416(client: Client, make: Make, asked: str) -> None:
    transcript = make()
    shared = share(client, transcript)["url"] + "audio/"

    ours = client.get(audio_of(transcript), headers={"Range": asked})
    theirs = fetch(shared, headers={"Range": asked})

    assert (ours.status_code, theirs.status_code) == (416, 416)
    assert ours.headers["Content-Range"] == theirs.headers["Content-Range"] == "bytes */1024000"


@pytest.mark.parametrize("asked", ["", "items=0-1", "bytes=5-1", "bytes=0-1,5-6", "bytes=-", "x"])
def test_what_is_no_single_range_gets_the_whole(client: Client, make: Make, asked: str) -> None:
    answer = client.get(audio_of(make()), headers={"Range": asked} if asked else {})

    assert (answer.status_code, answer.content) == (200, AUDIO)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(len(AUDIO))
    assert "secret-project.mp3" in answer.headers["Content-Disposition"]


def test_a_range_of_another_recording_gets_the_whole(client: Client, make: Make) -> None:
    transcript = make()
    etag = client.get(audio_of(transcript)).headers["ETag"]

    def get(**headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(audio_of(transcript), headers=named)

    assert get(Range="bytes=0-9", If_Range=etag).status_code == 206
    assert get(Range="bytes=0-9", If_Range='"other"').status_code == 200
    assert get(If_None_Match=etag).status_code == 304
    head = client.call("HEAD", audio_of(transcript))
    assert (head.headers["Content-Length"], head.content) == (str(len(AUDIO)), b"")


def test_a_recording_that_is_not_stored_is_404_and_the_text_stays(
    client: Client, make: Make
) -> None:
    transcript = make(path="")
    link = share(client, transcript)

    answer = client.get(audio_of(transcript))
    page = fetch(link["url"])

    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")
    assert fetch(link["url"] + "audio/").status_code == 404
    assert "Dobrý den" in page.text
    assert "<audio" not in page.text


def test_a_listener_who_leaves_or_dawdles_holds_nothing_up(
    client: Client, make: Make, settings: Settings
) -> None:
    transcript = make()
    with (Path(settings.MEDIA_ROOT) / transcript.recording.path).open("r+b") as file:
        file.truncate(200_000_000)  # sparse: more than any buffer on the way
    dawdlers = [client.get(audio_of(transcript), stream=True) for _ in range(12)]

    assert client.get(audio_of(transcript), headers={"Range": "bytes=0-9"}).status_code == 206
    for dawdler in dawdlers:
        dawdler.close()
