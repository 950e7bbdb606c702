"""The tools over a real socket, with the SDK's own client: texts, chat, and what is refused."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import anyio
import pytest
from mcp.client.client import Client as McpClient
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import CallToolResult, ReadResourceResult, ResourceLink

from accounts.keys.issue import issue_api_key
from tests.transcripts.fake_language import FakeLanguage
from tests.transcripts.intelligence.conftest import create_meeting
from tests.transcripts.served_api import Client, Worker, make_client
from transcripts.models import Transcript

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")
MESSAGE = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def language(inference: Any) -> Any:
    inference.language.reset()
    inference.language.embedder = "counted-words"
    inference.language.models.add("counted-words")
    yield inference.language
    inference.language.reset()


@pytest.fixture
def meeting(client: Client, language: FakeLanguage) -> Transcript:
    return create_meeting(client)


def use(client: Client, work: Callable[[McpClient], Coroutine[Any, Any, T]]) -> T:
    """Connect as a client of MCP, and return what the work returns."""

    async def connect() -> T:
        headers = {"Authorization": f"Bearer {client.key}"}
        transport = streamable_http_client(
            f"{client.url}/mcp", http_client=create_mcp_http_client(headers=headers)
        )
        async with McpClient(transport) as connected:
            return await work(connected)

    return anyio.run(connect)


def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    return use(client, lambda connected: connected.call_tool(tool, arguments))


def body_of(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    body: dict[str, Any] = result.structured_content
    return body


def refusal_of(result: CallToolResult) -> str:
    assert result.is_error
    [spoken] = result.content
    return str(getattr(spoken, "text", ""))


def narrowed(client: Client, *scopes: str) -> Client:
    return Client(client.url, issue_api_key(client.user, name="narrow", scopes=scopes)[1])


def test_a_question_is_answered_with_its_sources_and_goes_on(
    client: Client, meeting: Transcript
) -> None:
    ours = {"transcript_id": str(meeting.pk)}
    question = "When does the bakery open in March?"
    first = body_of(call(client, "chat_with_transcript", question=question, **ours))
    second = body_of(
        call(
            client,
            "chat_with_transcript",
            question="Who spoke most?",
            session_id=first["session_id"],
            **ours,
        )
    )

    assert "third of March" in first["answer"]
    assert first["sources"][0]["end"] > first["sources"][0]["start"]
    assert "It is data" in first["notice"]
    assert second["session_id"] == first["session_id"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("summarize_transcript", {"style": "bullet_points"}),
        ("analyze_transcript", {"type": "topics"}),
        ("generate_from_transcript", {"type": "key_quotes"}),
    ],
)
def test_a_result_is_made_and_stored_once(
    client: Client, worker: Worker, meeting: Transcript, tool: str, arguments: dict[str, Any]
) -> None:
    asked = {"transcript_id": str(meeting.pk), "idempotency_key": "once", **arguments}
    made = body_of(call(client, tool, **asked))
    again = body_of(call(client, tool, **asked))

    assert made["status"] == "completed"
    assert made["model"].startswith("extractive")
    assert made["text"] or made["result"]
    assert again == made
    stored = client.get(f"/api/v1/transcripts/{meeting.pk}/results/").json()["results"]
    assert [row["id"] for row in stored] == [made["result_id"]]


def test_a_wait_that_ends_early_leaves_the_work_going_on(
    client: Client, meeting: Transcript
) -> None:
    made = body_of(call(client, "summarize_transcript", transcript_id=str(meeting.pk), wait_s=0))

    assert (made["status"], made["result_id"], made["text"]) == ("queued", None, "")


def test_a_long_transcript_comes_in_pages_and_a_file_in_parts(
    client: Client, meeting: Transcript
) -> None:
    ours = {"transcript_id": str(meeting.pk)}
    count = meeting.segments.count()
    whole = client.get(f"/api/v1/transcripts/{meeting.pk}/export/txt/").text

    async def read(connected: McpClient) -> tuple[list[str], str]:
        spoken, page = [], 1
        while page:
            body = body_of(
                await connected.call_tool("get_transcript", {"page": page, "page_size": 5, **ours})
            )
            spoken += [segment["text"] for segment in body["segments"]]
            page = body["next_page"]
        parts, offset = "", 0
        while offset is not None:
            asked = {"format": "txt", "offset": offset, "max_characters": 300, **ours}
            body = body_of(await connected.call_tool("export_transcript", asked))
            parts += body["text"]
            offset = body["next_offset"]
        return spoken, parts

    spoken, parts = use(client, read)
    assert spoken == list(meeting.segments.order_by("position").values_list("text", flat=True))
    assert len(spoken) == count > 5
    assert parts == whole


def test_a_file_is_a_resource(client: Client, meeting: Transcript) -> None:
    ours = {"transcript_id": str(meeting.pk), "format": "srt"}

    async def read(connected: McpClient) -> tuple[ResourceLink, ReadResourceResult]:
        result = await connected.call_tool("export_transcript", ours)
        [link] = [part for part in result.content if isinstance(part, ResourceLink)]
        return link, await connected.read_resource(link.uri)

    link, file = use(client, read)
    assert link.mime_type == file.contents[0].mime_type == "application/x-subrip"
    assert getattr(file.contents[0], "text", "").startswith("1\n00:00:00,")


def test_a_search_shows_what_it_found(client: Client) -> None:
    cue = "1\n00:00:00,000 --> 00:00:02,000\nThe bakery opens in March.\n"
    client.call("POST", "/api/v1/transcripts/import/", files={"file": ("talk.srt", cue)})
    page = body_of(call(client, "list_transcripts", search="bakery"))

    assert (page["count"], page["next_page"]) == (1, None)
    assert page["transcripts"][0]["found"] == ["The bakery opens in March."]


def test_each_tool_needs_the_scope_of_what_it_does(client: Client, meeting: Transcript) -> None:
    reader, ours = narrowed(client, "read"), {"transcript_id": str(meeting.pk)}

    assert body_of(call(reader, "get_transcript", **ours))["id"] == str(meeting.pk)
    for tool, asked in (
        ("summarize_transcript", ours),
        ("chat_with_transcript", {**ours, "question": "Who?"}),
        ("transcribe_url", {"url": "https://example.com/a.mp3", "accept_price": True}),
    ):
        assert "missing_scope" in refusal_of(call(reader, tool, **asked))


def test_another_accounts_transcript_is_not_there(client: Client, meeting: Transcript) -> None:
    other = make_client(client.url)

    refused = call(other, "get_transcript", transcript_id=str(meeting.pk))
    assert "not_found" in refusal_of(refused)


def test_the_price_is_answered_and_nothing_is_spent_before_it_is_accepted(client: Client) -> None:
    spoken = body_of(call(client, "transcribe_url", url="https://example.com/talk.mp3"))

    assert (spoken["status"], spoken["minutes_left"]) == ("price_not_accepted", 60)
    assert "each started minute" in spoken["price"]
    assert client.get("/api/v1/transcripts/").json()["count"] == 0


def test_an_address_that_may_not_be_fetched_is_refused_as_on_rest(client: Client) -> None:
    refused = call(client, "transcribe_url", url="http://127.0.0.1/a.mp3", accept_price=True)

    assert "address_refused" in refusal_of(refused)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": ""}, 401, "missing_key"),
        ({"Authorization": "Bearer stt_wrong"}, 401, "invalid_key"),
        ({"Host": "attacker.example"}, 421, "wrong_host"),
        ({"Origin": "https://attacker.example"}, 403, "wrong_origin"),
    ],
)
def test_the_door_is_shut_to(
    client: Client, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.call("POST", "/mcp", json=MESSAGE, headers={**ACCEPT, **headers})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_our_own_pages_may_call_it_and_nothing_is_streamed_unasked(client: Client) -> None:
    own = {**ACCEPT, "Origin": client.url}

    assert client.call("POST", "/mcp", json=MESSAGE, headers=own).status_code == 200
    answer = client.get("/mcp", headers=ACCEPT)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_message_that_is_too_large_or_no_json_is_refused(client: Client) -> None:
    large = client.call("POST", "/mcp", data=b" " * 3_000_000, headers=ACCEPT)
    odd = client.call(
        "POST", "/mcp", data=b"{", headers={**ACCEPT, "Content-Type": "application/json"}
    )

    assert large.status_code == 413
    assert odd.status_code == 400


def test_a_tool_call_counts_as_the_request_that_it_makes(client: Client) -> None:
    assert client.account is not None
    client.account.plan.requests_per_minute = 3
    client.account.plan.save()
    for _ in range(4):
        assert client.call("POST", "/mcp", json=MESSAGE, headers=ACCEPT).status_code == 200

    async def list_often(connected: McpClient) -> list[CallToolResult]:
        return [await connected.call_tool("list_languages", {}) for _ in range(3)] + [
            await connected.call_tool("list_transcripts", {}) for _ in range(4)
        ]

    *_, last, refused = use(client, list_often)
    assert not last.is_error
    assert "rate_limited" in refusal_of(refused)
    assert "try again in" in refusal_of(refused)
