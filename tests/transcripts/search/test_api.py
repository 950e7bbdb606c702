"""Finding transcripts: filters, words in title and text, accents, and what is shown of them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import User
from accounts.principals import Principal
from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client, Worker, make_client
from transcripts.api.transcripts import TranscriptListView
from transcripts.models import Segment, Source, Status, Tag, Transcript
from transcripts.search.index import (
    BUCKET_MS,
    index_outdated,
    index_transcript,
    rebuild_index,
)
from transcripts.search.models import SearchChunk
from transcripts.search.query import read_terms, search_transcripts
from transcripts.tasks import index_for_search

LIST = "/api/v1/transcripts/"


def make_spoken(client: Client, *texts: str, gap_ms: int = 1000, **fields: Any) -> Transcript:
    transcript = make(client, **fields)
    Segment.objects.bulk_create(
        Segment(
            transcript=transcript,
            key=f"{number:016x}",
            position=number,
            start_ms=number * gap_ms,
            end_ms=number * gap_ms + 900,
            text=text,
            confidence=1,
        )
        for number, text in enumerate(texts)
    )
    index_transcript(transcript)
    return transcript


def find(client: Client, query: str, **more: str) -> list[str]:
    answer = client.get(LIST, params={"search": query, **more})
    assert answer.status_code == 200, answer.text
    return [row["title"] for row in answer.json()["results"]]


QUERIES = {
    "příliš": True,
    "PRILIS": True,
    "zlutoucky kun": True,
    "kůň porada": True,  # one in the text, one in the title
    '"žluťoučký kůň"': True,
    '"kůň žluťoučký"': False,
    '"dábelské ódy"': True,  # over the border of two segments
    "kun slon": False,
    "žluť": False,
    "žluť*": True,
    "nahravka.mp3": True,
    "'; DROP TABLE x; -- kun": False,
    "kun:*&!|(": True,
    "AND": False,
    "...": False,
    "don't": True,
}
SCRIPTS = {
    "今日は雨が降っています": "雨が",
    "สวัสดีครับ": "ครับ",
    "Straße nach Łódź": "strasse lodz",
    "שָׁלוֹם עולם": "שלום",
    "हिंदी में": "हिंदी",
    "Ελληνικά": "ελληνικα",
    "한국어 시험": "한국어",
}


@pytest.mark.database
def test_words_are_found_in_title_and_text_with_any_accents(client: Client) -> None:
    make_spoken(
        client,
        "Příliš žluťoučký kůň úpěl ďábelské",
        "ódy. Don’t!",
        title="Porada týmu",
        file_name="nahrávka.mp3",
    )

    assert {query: bool(find(client, query)) for query in QUERIES} == QUERIES


@pytest.mark.database
def test_every_script_is_searched(client: Client) -> None:
    for text in SCRIPTS:
        make_spoken(client, text, title=text)

    assert {text: find(client, query) for text, query in SCRIPTS.items()} == {
        text: [text] for text in SCRIPTS
    }


@pytest.mark.database
def test_a_find_shows_the_place_marked_and_escaped(client: Client) -> None:
    make_spoken(client, "Nothing", "A <b>Kůň</b> & kun " + "word " * 60, title="Kun?")

    (row,) = client.get(LIST, params={"search": "kun"}).json()["results"]

    title, place = row["highlights"]
    assert (title["html"], title["segment"]) == ("<mark>Kun</mark>?", None)
    assert place["html"].startswith("A &lt;b&gt;<mark>Kůň</mark>&lt;/b&gt; &amp; <mark>kun</mark>")
    assert (place["segment"], place["start"], place["end"]) == (f"{1:016x}", 1.0, 1.9)
    assert len(place["text"]) < 200


def test_without_a_search_nothing_is_marked(client: Client) -> None:
    make_spoken(client, "kun")

    assert "highlights" not in client.get(LIST).json()["results"][0]


@pytest.mark.database
def test_only_ones_own_are_found(client: Client, guest: Client) -> None:
    make_spoken(make_client(guest.url), "secret", title="theirs")
    make_spoken(client, "secret", title="mine")

    assert find(client, "secret") == ["mine"]
    assert guest.get(LIST, params={"search": "secret"}).status_code == 401


@pytest.mark.database
def test_words_far_apart_and_phrases_over_a_border_of_chunks_are_found(client: Client) -> None:
    make_spoken(client, "first alpha", "beta last", "omega", gap_ms=BUCKET_MS, title="long")

    assert find(client, "first omega") == ["long"]
    assert find(client, '"alpha beta"') == ["long"]
    assert SearchChunk.objects.filter(bucket__gte=0).count() == 3


@pytest.mark.database
def test_an_edit_is_found_at_once_and_what_it_removed_is_not(client: Client) -> None:
    transcript = make_spoken(client, "first alpha", "beta", gap_ms=BUCKET_MS, title="one")
    path = path_of(transcript, f"segments/{1:016x}/")

    assert client.call("PATCH", path, json={"text": "gamma delta"}).status_code == 200
    client.call("PATCH", path_of(transcript), json={"title": "Renamed"})

    assert find(client, '"alpha gamma"') == ["Renamed"]
    assert find(client, "renamed") == ["Renamed"]
    assert find(client, "beta") == find(client, "one") == []


@pytest.mark.database
def test_what_is_deleted_leaves_no_words_behind(client: Client) -> None:
    transcript = make_spoken(client, "secret")

    client.call("DELETE", path_of(transcript))

    assert not SearchChunk.objects.exists()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM transcripts_searchchunk_words")
            assert cursor.fetchone() == (0,)


def test_what_was_there_before_the_index_is_found_once_it_is_rebuilt(client: Client) -> None:
    make_spoken(client, "alpha", title="old")
    SearchChunk.objects.all().delete()
    assert find(client, "alpha") == []

    call_command("rebuild_search_index", stdout=StringIO())

    assert find(client, "alpha") == find(client, "old") == ["old"]


def test_a_finished_transcript_is_found(client: Client, worker: Worker) -> None:
    client.transcribe(name="Schůze.wav")

    assert len(find(client, "w0 w2")) == 1
    assert len(find(client, "schuze")) == 1


FILTERS = {
    "model=tiny": "cba",
    "model=big": "d",
    "source=live": "b",
    "tag=work": "a",
    "has_warnings=true": "c",
    "has_warnings=false": "dba",
    "created_after=2024-02-01": "dcb",
    "created_before=2024-02-01T00:00:00Z": "a",
    "created_after=2024-01-31T23:30:00-01:00&created_before=2024-04-01": "cb",
    "ordering=created_at": "abcd",
    "ordering=-title": "dcba",
    "ordering=duration": "dcba",
}


@pytest.mark.database
def test_the_list_is_filtered_and_ordered(client: Client) -> None:
    make(client, title="a", audio_duration_ms=9000)
    make(client, title="b", audio_duration_ms=8000, source=Source.LIVE)
    make(client, title="c", audio_duration_ms=7000, warnings=[{"code": "x", "message": "y"}])
    make(client, title="d", audio_duration_ms=6000, model_used="big", model_requested="large-v3")
    for month, row in enumerate(Transcript.objects.order_by("title"), 1):
        created_at = datetime(2024, month, 15, tzinfo=UTC)
        update_transcripts(Transcript.objects.filter(pk=row.pk), created_at=created_at)
    Tag.objects.create(transcript=Transcript.objects.get(title="a"), name="work")

    def titles(query: str) -> str:
        rows = client.get(f"{LIST}?{query}").json()["results"]
        return "".join(row["title"] for row in rows)

    assert {query: titles(query) for query in FILTERS} == FILTERS


@pytest.mark.parametrize(
    "query",
    [
        "source=radio",
        "has_warnings=perhaps",
        "created_after=yesterday",
        "created_after=2024-02-31",
        "created_before=9999-12-31T23:59:59-23:00",
        "ordering=owner",
        "tag=%00",
        "search=" + "x" * 201,
    ],
)
def test_a_value_that_cannot_be_is_refused(client: Client, query: str) -> None:
    answer = client.get(f"{LIST}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


def test_relevance_is_of_a_search(client: Client) -> None:
    answer = client.get(LIST, params={"ordering": "-relevance"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


@pytest.mark.database
def test_the_most_relevant_come_first(client: Client) -> None:
    make_spoken(client, "kun", "slon", "kun slon", gap_ms=BUCKET_MS, title="twice")
    make_spoken(client, "nothing", title="Slon")
    make_spoken(client, "slon", title="once")
    make_spoken(client, "slon", title="once, newer")
    make_spoken(client, "kun", title="Not it")

    assert find(client, "slon", ordering="-relevance") == ["Slon", "twice", "once, newer", "once"]
    assert find(client, "slon kun", ordering="-relevance") == ["twice"]
    assert find(client, "slo*", ordering="-relevance", page_size="1", page="2") == ["twice"]


@pytest.mark.database
def test_sqlite_asks_its_index_once_and_not_for_each_chunk(client: Client) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL is told to use its index (searching).")
    owner_id = make_spoken(client, "kun").owner_id
    assert owner_id is not None

    rows = Transcript.objects.filter(owner_id=owner_id)
    plan = search_transcripts(rows, read_terms("kun slon"), owner_id=owner_id).explain()

    # FTS5 plans "=" where it is asked for one row after the other.
    assert plan.count("VIRTUAL TABLE INDEX 0:M") == 2, plan
    assert "VIRTUAL TABLE INDEX 0:=" not in plan


@pytest.mark.database
def test_what_is_found_is_paged_and_counted(client: Client) -> None:
    for number in range(5):
        make_spoken(client, "kun", title=f"{number}")

    pages = [
        client.get(LIST, params={"search": "kun", "page_size": "2", "page": page})
        for page in ("1", "2", "3", "4", "last", "0", "x", "9" * 30)
    ]

    assert [page.status_code for page in pages] == [200, 200, 200, 404, 200, 404, 404, 404]
    assert {page.json()["count"] for page in pages if page.status_code == 200} == {5}
    assert [row["title"] for page in pages[:3] for row in page.json()["results"]] == list("43210")
    assert pages[0].json()["previous"] is pages[2].json()["next"] is None
    assert pages[4].json()["results"] == pages[2].json()["results"]


LONG_WORD = "x" * 45
PHRASES = {
    '"one two"': True,
    '"two one"': False,
    '"one two three"': True,
    '"one two four"': False,
    '"two th*"': False,  # the star is in the quotes: th is a word
    '"two th"*': False,
    f'"three {LONG_WORD}"': True,
    f'"{LONG_WORD} after"': True,
    f'"three {LONG_WORD[:20]}"': False,
    f'"three {LONG_WORD[:-1]}y"': False,
    '"a b" "b c"': True,
    '"a b c"': False,
}


@pytest.mark.database
def test_a_phrase_is_found_where_its_words_stand_together(client: Client) -> None:
    make_spoken(client, f"one two three {LONG_WORD} after, a b; b c")

    assert {query: bool(find(client, query)) for query in PHRASES} == PHRASES


@pytest.mark.database
def test_a_long_phrase_over_a_border_of_chunks_is_found(client: Client) -> None:
    words = [f"v{number}" for number in range(40)]
    make_spoken(client, " ".join(words[:20]), " ".join(words[20:]), gap_ms=BUCKET_MS, title="long")

    assert find(client, f'"{" ".join(words[2:38])}"') == ["long"]
    assert find(client, f'"{" ".join([*words[2:30], "other"])}"') == []


ODD = ["😀", "\u200b", '"', '""', "*", "-", "()", "' OR 1=1 --", "a" * 200]
ODD += ["kun & ! slon", "<->", "\\", "%", "_", "kun:A", "NEAR(kun slon)", "{title} : kun", "^kun"]


@pytest.mark.database
@pytest.mark.parametrize("query", ODD)
def test_an_odd_query_is_answered(client: Client, query: str) -> None:
    make_spoken(client, "kun slon", title="it")
    for ordering in ("created_at", "-relevance"):
        assert find(client, query, ordering=ordering) in ([], ["it"])


def test_a_query_too_long_is_refused_with_a_sentence(client: Client) -> None:
    answer = client.get(LIST, params={"search": "kun " * 2500})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


@pytest.mark.database
def test_accounts_whose_ids_begin_alike_find_their_own_only(client: Client) -> None:
    """Their words stand in one place of the index."""
    mine = make_spoken(client, "secret plan", title="mine")
    like = UUID(f"{client.user.pk.hex[:8]}{uuid4().hex[8:]}")
    other = User.objects.create(pk=like, email="like@example.org")
    theirs = make_spoken(client, "secret plan", title="theirs secret plan")
    theirs.owner = other
    theirs.save()
    index_transcript(theirs)

    for query in ("secret", "secr*", '"secret plan"', '"plan secret"', "theirs"):
        for ordering in ("created_at", "-relevance"):
            answer = client.get(LIST, params={"search": query, "ordering": ordering})
            assert str(theirs.pk) not in answer.text
            assert "theirs" not in answer.text
    assert find(client, "secret plan") == [mine.title]


@pytest.mark.database
def test_while_the_index_is_rebuilt_everything_is_found(client: Client) -> None:
    for number in range(3):
        make_spoken(client, "kun", title=f"{number}")
    enough, begun = threading.Event(), threading.Event()

    with ThreadPoolExecutor(1) as thread:
        rebuilt = thread.submit(rebuild_until, enough, begun=begun)
        assert begun.wait(30)
        found = [find(client, "kun") for _ in range(30)]
        enough.set()
        assert rebuilt.result(30) > 0

    assert found == [["2", "1", "0"]] * 30


def rebuild_until(enough: threading.Event, *, begun: threading.Event) -> int:
    count = 0
    try:
        while not enough.is_set():
            count += rebuild_index()
            begun.set()
    finally:
        begun.set()
        connection.close()
    return count


@pytest.mark.database
def test_what_an_upgrade_left_without_an_index_is_found_again_by_itself(client: Client) -> None:
    for number in range(3):
        make_spoken(client, "alpha", title=f"{number}")
    make_spoken(client, title="")  # without a word: done once, too
    SearchChunk.objects.all().delete()
    update_transcripts(Transcript.objects.all(), search_version=0)

    assert index_outdated(at_most_s=0) == 1
    assert find(client, "alpha") == []
    index_for_search()

    assert find(client, "alpha") == ["2", "1", "0"]
    assert index_outdated(at_most_s=10) == 0


@pytest.mark.database
def test_what_is_open_or_nobodys_is_not_indexed(client: Client) -> None:
    make(client, status=Status.PROCESSING)
    update_transcripts(Transcript.objects.filter(pk=make(client).pk), owner=None)

    assert index_outdated(at_most_s=10) == 0


@pytest.mark.database
def test_the_answer_is_no_one_elses(client: Client) -> None:
    make_spoken(client, "kun")

    answer = client.get(LIST, params={"search": "kun"}, headers={"X-Request-Id": "search-17"})

    assert answer.headers["X-Request-Id"] == "search-17"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer.headers


def test_a_search_costs_the_same_queries_for_one_and_for_many(client: Client) -> None:
    def queries() -> int:
        request = APIRequestFactory().get(LIST, {"search": "kun zlutoucky"})
        force_authenticate(request, client.user, cast("Any", Principal(user=client.user)))
        with CaptureQueriesContext(connection) as captured:
            answer = TranscriptListView.as_view()(request)
        assert answer.status_code == 200
        return len(captured)

    make_spoken(client, "žluťoučký kůň", status=Status.COMPLETED)
    queries()
    for_one = queries()
    for _ in range(10):
        Tag.objects.create(transcript=make_spoken(client, "žluťoučký kůň"), name="x")

    assert queries() == for_one
