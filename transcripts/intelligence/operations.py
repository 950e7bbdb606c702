"""What may be asked about a text, each as a function from the text to the body of its answer.

`model` names what ran: `extractive`, with the embedding model that it read by, or a language model.
Extractive answers are marked `approximate`: they are quoted, not written.
"""

from collections.abc import Collection, Sequence
from typing import Any

from stt_web.core.errors import ApiError
from transcripts.exports.verification import still_found
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.extractive.analyses import BY_RULES, READ, redact
from transcripts.intelligence.extractive.contents import KINDS as QUOTED
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.summaries import STYLES, summarise
from transcripts.intelligence.source import SourceText
from transcripts.intelligence.writing import WRITTEN, summarise_with_model, write_with_model
from transcripts.pii.kinds import ALL_KINDS, PiiKind
from transcripts.pii.redactor import StillFoundError

EXTRACTIVE = "extractive"
STYLE_NAMES = {**{style: style for style in STYLES}, "bullets": "bullet_points"}
ANALYSES = ("sentiment", "topics", "entities", "action_items", "questions", "pii_redact")
CONTENTS = (
    "blog_post", "social_media", "newsletter", "key_quotes", "show_notes", "meeting_notes",
    "study_guide", "flashcards", "quiz", "chapter_markers",
)  # fmt: skip
# The contract's name of it, and its id in the catalogue.
EMBEDDING_MODEL = "all-MiniLM-L6-v2"
_EMBEDDING_ID = EMBEDDING_MODEL.lower()


def check_text(source: SourceText) -> None:
    """Raise ApiError where there is nothing to work on."""
    if not source.sentences:
        raise ApiError("The text is empty: send some words.", code="empty_text")


def summarise_text(
    source: SourceText, engines: TextEngines, *, style: str, model: str = ""
) -> dict[str, Any]:
    """style: of `STYLE_NAMES`. model: `extractive`, a language model's, or empty: the better."""
    check_text(source)
    chosen = STYLE_NAMES[style]
    if model != EXTRACTIVE and chosen != "action_items":
        writer = engines.find_language_model(model) if model else engines.find_good_language_model()
        if writer is not None:
            written = summarise_with_model(source, engines, model=writer, style=chosen)
            return {"summary": written.text, "style": chosen, **written.as_body()}
    reading = Reading(source, embed=engines.embed)
    summary = summarise(reading, style=chosen)
    return {
        "summary": summary.text,
        "style": chosen,
        **_ran(engines),
        "coverage": cover(source),
        "sentences": [
            {"text": sentence.text, "evidence": sentence.as_evidence()}
            for sentence in summary.sentences
        ],
    }


def analyse_text(
    source: SourceText,
    engines: TextEngines,
    *,
    kind: str,
    pii_kinds: Collection[PiiKind] = ALL_KINDS,
) -> dict[str, Any]:
    """kind: of `ANALYSES`. Raises RedactionFailedError."""
    check_text(source)
    result: Any
    if kind == "pii_redact":
        try:
            result = redact(source, kinds=pii_kinds)
        except StillFoundError as error:
            raise still_found(error, "", "text") from error
    elif kind in BY_RULES:
        result = BY_RULES[kind](source)
    else:
        result = READ[kind](Reading(source, embed=engines.embed))
    return {"type": kind, **_ran(engines), "coverage": cover(source), "result": result}


def generate_content(
    source: SourceText, engines: TextEngines, *, kind: str, model: str = ""
) -> dict[str, Any]:
    """kind: of `CONTENTS`. Raises ApiError 503 `not_installed` for what only a model can write."""
    check_text(source)
    if kind in WRITTEN:
        if model == EXTRACTIVE:
            raise ApiError(
                f"{kind} is written, not quoted: name a language model, or none.",
                code="invalid_value",
            )
        writer = engines.find_language_model(model)
        written = write_with_model(source, engines, model=writer, kind=kind)
        return {"type": kind, "content": written.text, "data": None, **written.as_body()}
    if model not in ("", EXTRACTIVE):
        engines.find_language_model(model)  # a name that there isn't is an error
    content, data = QUOTED[kind](Reading(source, embed=engines.embed))
    return {
        "type": kind,
        **_ran(engines),
        "coverage": cover(source),
        "content": content,
        "data": data,
    }


def embed_texts(texts: Sequence[str], engines: TextEngines, *, model: str = "") -> dict[str, Any]:
    wanted = model.lower() or _EMBEDDING_ID
    if wanted != _EMBEDDING_ID:
        engines.check_embedder(wanted)
    embedded = engines.embed_texts(texts, kind="plain", model=wanted)
    warnings = []
    if embedded.truncated:
        places = ", ".join(map(str, embedded.truncated[:20]))
        warnings.append(
            {
                "code": "text_truncated",
                "message": f"The model reads {embedded.max_tokens} tokens: the ends of longer texts"
                f" count for nothing. These are longer, counted from 0: {places}.",
                "texts": list(embedded.truncated),
            }
        )
    return {
        "embeddings": [[round(value, 7) for value in row] for row in embedded.vectors.tolist()],
        "dimensions": int(embedded.vectors.shape[1]),
        "model": EMBEDDING_MODEL if embedded.model == _EMBEDDING_ID else embedded.model,
        "warnings": warnings,
    }


def cover(source: SourceText, *, parts: int = 1) -> dict[str, Any]:
    """Return how much of the text was read: all of it, always, or the request fails."""
    characters = len(source.text)
    return {
        "characters": characters,
        "characters_read": characters,
        "sentences": len(source.sentences),
        "parts": parts,
        "complete": True,
    }


def _ran(engines: TextEngines) -> dict[str, Any]:
    name = f"{EXTRACTIVE}/{engines.embedder}" if engines.embedder else EXTRACTIVE
    return {"model": name, "approximate": True}
