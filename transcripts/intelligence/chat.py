"""Questions about one transcript: prepared and stored where the database may be used, answered
where it may not (`answer_question` runs in a thread of the texts').
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.exports.document import Document
from transcripts.inference.results import TextModel
from transcripts.intelligence.answers import (
    ChatAnswer,
    Emit,
    count_speakers,
    follow_up,
    is_about_all,
    is_about_speakers,
    list_sources,
    quote_answer,
    write_answer,
)
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.models import ChatSession, ChatTurn, SegmentVectors
from transcripts.intelligence.operations import EXTRACTIVE, summarise_text
from transcripts.intelligence.results import load_finished
from transcripts.intelligence.retrieval import (
    Found,
    Passage,
    SegmentIndex,
    build_index,
    embed_query,
    list_passages,
    search,
)
from transcripts.intelligence.source import (
    SourceText,
    identify_language,
    is_in_language,
    read_document,
)
from transcripts.intelligence.speaker_names import put_names, read_names
from transcripts.intelligence.writing import warn
from transcripts.locks import lock_transcript
from transcripts.models import Transcript
from transcripts.services.text_jobs import order_index

_EARLIER_TURNS = 4


class ChatNotFoundError(ApiError):
    """There is no such conversation."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such conversation.")


@dataclass(frozen=True)
class ChatQuestion:
    """A question, with all that answering it needs. `stored`: what is indexed of this revision."""

    text: str
    searched: str
    document: Document
    passages: tuple[Passage, ...]
    stored: tuple[SegmentIndex, ...]
    revision: int
    model: str

    @cached_property
    def language(self) -> str:
        joined = "\n".join(passage.text for passage in self.passages)
        return self.document.language or identify_language(joined)

    @cached_property
    def source(self) -> SourceText:
        """The text in sentences: of ten hours some seconds of work, and rarely asked for."""
        return read_document(self.document, language=self.language)


@dataclass(frozen=True)
class Answered:
    """`index`: what was embedded for it and is not stored yet. `is_outdated`: vectors of an earlier
    embedding model served, and are to be made again.
    """

    answer: ChatAnswer
    index: SegmentIndex | None
    is_outdated: bool = False


def get_session(user: User, session_id: UUID, *, transcript: Transcript | None) -> ChatSession:
    """Return the user's conversation about the transcript, or (None) the library. One query."""
    rows = ChatSession.objects.filter(owner=user, transcript=transcript, pk=session_id)
    found = rows.first()
    if found is None:
        raise ChatNotFoundError
    return found


def prepare_question(
    transcript: Transcript, text: str, *, session: ChatSession | None, model: str
) -> ChatQuestion:
    """Raises ApiError 409 `not_finished`. Five queries."""
    document = load_finished(transcript)
    passages = list_passages(document)
    earlier = list_questions(session)
    return ChatQuestion(
        text,
        follow_up(text, earlier),
        document,
        tuple(passages),
        tuple(read_indexes(transcript, passages)),
        transcript.revision,
        model,
    )


def list_questions(session: ChatSession | None) -> list[str]:
    """Return the last questions of the conversation, oldest first."""
    if session is None:
        return []
    last = session.turns.order_by("-id").values_list("question", flat=True)[:_EARLIER_TURNS]
    return list(last)[::-1]


def read_indexes(transcript: Transcript, passages: Sequence[Passage]) -> list[SegmentIndex]:
    """Return the stored vectors of the text as it is now, by whichever models. One query."""
    keys = [passage.key for passage in passages]
    rows = SegmentVectors.objects.filter(transcript=transcript, revision=transcript.revision)
    return [read_index(row) for row in rows if row.keys == keys]


def read_index(row: SegmentVectors) -> SegmentIndex:
    return SegmentIndex.from_bytes(
        bytes(row.vectors),
        model=row.model,
        weights_revision=row.weights_revision,
        keys=row.keys,
        dimensions=row.dimensions,
    )


def answer_question(question: ChatQuestion, engines: TextEngines, *, emit: Emit) -> Answered:
    """Return the answer, and the vectors that had to be made. `emit` is told what comes earlier:
    `sources`, and `delta`s while a language model writes.
    """
    language = question.language
    if is_about_speakers(question.text):
        return Answered(count_speakers(question.passages, language), None)
    if is_about_all(question.text) and question.source.sentences:
        return Answered(_summarise(question, engines), None)
    passages = find_passages(question, engines)
    found = passages.found
    name = f"{EXTRACTIVE}/{engines.embedder}"
    emit("sources", {"sources": list(list_sources(question.passages, found))})
    answer, remark = None, ""
    writer = choose_writer(question.model, engines) if found.is_found else None
    if writer is not None:
        answer, remark = write_answer(
            question.text,
            question.passages,
            found,
            language=language,
            model=writer,
            engines=engines,
            emit=emit,
        )
    if answer is None:
        answer = quote_answer(
            question.passages,
            found,
            language=language,
            model=name,
            warnings=warn(remark, model=writer.id if writer is not None else ""),
        )
    return Answered(answer, passages.made, passages.is_outdated)


def choose_writer(model: str, engines: TextEngines) -> TextModel | None:
    """Return the language model to write with; None: quote. Raises ApiError for a wrong name."""
    if model == EXTRACTIVE:
        return None
    return engines.find_language_model(model) if model else engines.find_good_language_model()


@dataclass(frozen=True)
class FoundPassages:
    """`made`: the vectors that had to be made first. `is_outdated`: as `Answered` has it."""

    found: Found
    made: SegmentIndex | None = None
    is_outdated: bool = False


def find_passages(question: ChatQuestion, engines: TextEngines) -> FoundPassages:
    """Return what is nearest: by the stored vectors of the present embedding model, else by those
    of an earlier one that is still installed, else by vectors that are made now.
    """
    if not question.passages:
        return FoundPassages(Found((), False, 0.0))
    installed = [(each.id, each.revision) for each in engines.list_embedders()]
    stored = {(index.model, index.weights_revision): index for index in question.stored}
    serving = next((each for each in installed if each in stored), None)
    embed = partial(engines.embed_queries, model=serving[0] if serving else "")
    query = embed_query(question.searched, embed, server=engines.server.target)
    find = partial(
        search,
        query,
        question.passages,
        language=question.language,
        is_crossed=not is_in_language(question.searched, question.language),
    )
    index = stored.get((engines.embedder, engines.revision))
    if index is not None:
        return FoundPassages(find(index), is_outdated=bool(serving) and serving != installed[0])
    index = make_index(question.passages, engines)
    return FoundPassages(find(index), index)


def make_index(passages: Sequence[Passage], engines: TextEngines) -> SegmentIndex:
    return build_index(passages, engines.embed_passages)


def store_turn(
    answered: Answered,
    question: ChatQuestion,
    *,
    user: User,
    transcript: Transcript,
    session: ChatSession | None,
) -> dict[str, Any]:
    """Store the turn (and the vectors), and return the answer's body.

    The race: the transcript's deletion, or the conversation's (ChatNotFoundError). Its lock puts
    this wholly before, or finds nothing.
    """
    answer = answered.answer
    with transaction.atomic():
        if not lock_transcript(transcript.pk):
            raise ApiError(
                "This transcript was deleted while it was read.", status=409, code="deleted"
            )
        if answered.index is not None:
            store_index(answered.index, transcript, revision=question.revision)
        if answered.is_outdated:
            order_index(transcript, is_urgent=True)
        session = go_on_with(session, user=user, transcript=transcript)
        turn = ChatTurn.objects.create(
            session=session,
            question=question.text,
            answer=answer.text,
            is_found=answer.is_found,
            sources=list(answer.sources),
            model=answer.model,
            revision=question.revision,
        )
        turn.mentioned.add(transcript)
    return {
        **answer.as_body(),
        "session_id": str(session.pk),
        "revision": question.revision,
    }


def go_on_with(
    session: ChatSession | None, *, user: User, transcript: Transcript | None
) -> ChatSession:
    """Return a new conversation, or this one, locked and moved to the head of the list.

    Raises ChatNotFoundError where it was deleted. Inside the caller's transaction.
    """
    if session is None:
        return ChatSession.objects.create(owner=user, transcript=transcript)
    if not ChatSession.objects.filter(pk=session.pk).update(updated_at=timezone.now()):
        raise ChatNotFoundError
    return session


def delete_session(session: ChatSession) -> None:
    """Delete a conversation with its turns. The race: `go_on_with`, wholly before or behind it."""
    with transaction.atomic():
        ChatSession.objects.select_for_update().filter(pk=session.pk).first()
        session.delete()


def store_index(index: SegmentIndex, transcript: Transcript, *, revision: int) -> None:
    SegmentVectors.objects.update_or_create(
        transcript=transcript,
        model=index.model,
        defaults={
            "weights_revision": index.weights_revision,
            "revision": revision,
            "dimensions": index.vectors.shape[2],
            "keys": list(index.keys),
            "vectors": index.as_bytes(),
            "coarse": index.summarise_coarsely().tobytes(),
        },
    )


def describe_session(session: ChatSession) -> dict[str, Any]:
    first = session.turns.values_list("question", flat=True).first() or ""
    return {
        "id": str(session.pk),
        "title": first[:100],
        "created_at": session.created_at.isoformat(),
        "updated_at": session.updated_at.isoformat(),
    }


def describe_turns(session: ChatSession) -> list[dict[str, Any]]:
    """Return the turns, oldest first; `is_stale` where the text has changed since."""
    transcript = session.transcript
    text_revision = transcript.text_revision if transcript is not None else 0
    names = read_names(transcript) if transcript is not None else {}
    return [
        {
            "question": turn.question,
            "answer": put_names(turn.answer, names),
            "found": turn.is_found,
            "sources": put_names(turn.sources, names),
            "model": turn.model,
            "revision": turn.revision,
            "is_stale": turn.revision < text_revision,
            "created_at": turn.created_at.isoformat(),
        }
        for turn in session.turns.all()
    ]


def _summarise(question: ChatQuestion, engines: TextEngines) -> ChatAnswer:
    body = summarise_text(question.source, engines, style="brief", model=question.model)
    sources = []
    for each in body["sentences"]:
        for order in each["evidence"]["segments"]:
            passage = question.passages[order]
            sources.append(
                {
                    "segment_order": order,
                    "segment": passage.key,
                    "text": passage.text,
                    "score": 1.0,
                    "start": passage.start_ms / 1000,
                    "end": passage.end_ms / 1000,
                    "speaker": passage.speaker,
                }
            )
    return ChatAnswer(
        body["summary"], True, tuple(sources), body["model"], bool(body["approximate"])
    )
