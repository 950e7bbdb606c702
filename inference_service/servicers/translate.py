"""Language.Translate: a way is found, sentences go it, guards judge; and what can be asked for."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from inference_service.catalog import Catalog, Kind, ModelEntry, NotInstalledError
from inference_service.catalog.entries import MADLAD_ENGINE
from inference_service.engines.translation.guards import find_fault, has_words
from inference_service.engines.translation.languages import NAMES, match_language
from inference_service.engines.translation.translator import Translator
from inference_service.runtime import Runtime
from inference_service.servicers.requests import BadRequestError
from inference_service.servicers.status_codes import MissingCapabilityError
from inference_service.servicers.text_requests import check_deadline, check_texts, read_text_class
from protos.stt.v1 import language_pb2

_MAX_SENTENCES = 256
_MAX_CHARACTERS = 2_000
_MAX_BYTES = 4 << 20
_CHUNK = 4  # sentences that are one stage: some 0.2 s, and others have their turn
_PIVOT = "en"
_NO_WORDS = "no_words"


@dataclass(frozen=True, slots=True)
class Step:
    """One model on the way, and the codes as it knows them."""

    entry: ModelEntry
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Translation:
    """reason: why `text` is the source; empty where it is translated."""

    text: str
    reason: str = ""


async def translate(
    runtime: Runtime, request: language_pb2.TranslateTextRequest, *, has_deadline: bool
) -> language_pb2.TranslateTextResponse:
    """Raises what `servicers.status_codes` knows."""
    check_deadline(has_deadline=has_deadline)
    _check(request)
    priority = read_text_class(request.text_class)
    sentences = list(request.sentences)
    if match_language(request.source, {request.target}) or match_language(
        request.target, {request.source}
    ):
        return _write([Translation(sentence) for sentence in sentences], ())
    async with runtime.admission.enter_text(), contextlib.AsyncExitStack() as stack:
        steps = find_way(runtime.catalog, request.model, request.source, request.target)
        way = [
            (
                step,
                cast(
                    "Translator",  # its engine is a translator's
                    await stack.enter_async_context(runtime.pool.lease_entry(step.entry)),
                ),
            )
            for step in steps
        ]
        translations: list[Translation] = []
        for start in range(0, len(sentences), _CHUNK):
            chunk = sentences[start : start + _CHUNK]
            translations += await runtime.stages.run(priority, _translate_chunk, chunk, way)
        _record(runtime, steps[-1].entry.id, translations)
        return _write(translations, steps)


def list_languages(catalog: Catalog) -> language_pb2.ListTranslationLanguagesResponse:
    """List what can be translated into; those not installed as well."""
    rows = [row for entry in catalog.entries(Kind.TRANSLATOR) for row in _list_of(entry, catalog)]
    rows.sort(key=lambda row: (row.code, not row.installed))
    return language_pb2.ListTranslationLanguagesResponse(languages=rows)


def find_way(catalog: Catalog, name: str, source: str, target: str) -> tuple[Step, ...]:
    """Return the models that translate, in order: one, two through English, or one for all.

    Raises NotInstalledError, UnknownModelError, MissingCapabilityError.
    """
    if name:
        entry = catalog.resolve_kind(Kind.TRANSLATOR, name)
        step = _make_step(entry, source, target)
        if step is None:
            raise MissingCapabilityError(f"{name} can't translate {source} into {target}.")
        return (step,)
    entries = catalog.entries(Kind.TRANSLATOR)
    installed = [entry for entry in entries if entry.is_available]
    found = _find_among(installed, source, target)
    if found:
        return found
    installable = _find_among([entry for entry in entries if entry.text], source, target)
    here = ", ".join(entry.id for entry in installed) or "none"
    if not installable:
        raise MissingCapabilityError(
            f"No translation model of this server translates {source} into {target}; "
            f"installed: {here}."
        )
    missing = [step.entry.id for step in installable if not step.entry.is_available]
    commands = ", ".join(f"`python -m inference_service.catalog pull {each}`" for each in missing)
    raise NotInstalledError(
        f"Translation of {source} into {target} is not installed here; installed: {here}. "
        f"Run {commands} to install it."
    )


def _find_among(entries: Sequence[ModelEntry], source: str, target: str) -> tuple[Step, ...]:
    pairs = [entry for entry in entries if entry.text and entry.text.pair]
    direct = _first_step(pairs, source, target)
    if direct:
        return (direct,)
    into, out_of = _first_step(pairs, source, _PIVOT), _first_step(pairs, _PIVOT, target)
    if into and out_of:
        return into, out_of
    general = _first_step([entry for entry in entries if entry not in pairs], source, target)
    return (general,) if general else ()


def _first_step(entries: Sequence[ModelEntry], source: str, target: str) -> Step | None:
    steps = (_make_step(entry, source, target) for entry in entries)
    return next((step for step in steps if step), None)


def _make_step(entry: ModelEntry, source: str, target: str) -> Step | None:
    """Return the step where the model knows both codes."""
    if entry.text and entry.text.pair:
        first, second = entry.text.pair
        if match_language(source, {first}) and match_language(target, {second}):
            return Step(entry, first, second)
        return None
    known = match_language(target, _read_targets(entry))
    return Step(entry, source, known) if known else None


def _read_targets(entry: ModelEntry) -> frozenset[str]:
    """Return what a model for many languages translates into; before it is here, what is stated."""
    if entry.engine == MADLAD_ENGINE and entry.path is not None:
        from inference_service.engines.translation.madlad import list_targets

        return list_targets(entry.path)
    return frozenset(entry.text.languages) if entry.text else frozenset()


def _translate_chunk(
    sentences: Sequence[str], way: Sequence[tuple[Step, Translator]]
) -> list[Translation]:
    """Translate, judge, and try once more where a model has another way of decoding."""
    worded = [sentence for sentence in sentences if has_words(sentence)]
    results = iter(_judge(worded, _go(worded, way, is_second=False)))
    translations = [
        next(results) if has_words(sentence) else Translation(sentence, _NO_WORDS)
        for sentence in sentences
    ]
    failed = [
        at for at, each in enumerate(translations) if each.reason and each.reason != _NO_WORDS
    ]
    if failed and any(translator.has_second_attempt for _, translator in way):
        again = [sentences[at] for at in failed]
        for at, result in zip(failed, _judge(again, _go(again, way, is_second=True)), strict=True):
            translations[at] = result
    return translations


def _go(
    sentences: Sequence[str], way: Sequence[tuple[Step, Translator]], *, is_second: bool
) -> list[str]:
    texts = list(sentences)
    for step, translator in way:
        if texts:
            texts = translator.translate(
                texts, source=step.source, target=step.target, is_second=is_second
            )
    return texts


def _judge(sentences: Sequence[str], texts: Sequence[str]) -> Iterator[Translation]:
    for sentence, text in zip(sentences, texts, strict=True):
        fault = find_fault(sentence, text)
        yield Translation(sentence, fault) if fault else Translation(text)


def _list_of(entry: ModelEntry, catalog: Catalog) -> Iterator[language_pb2.TranslationLanguage]:
    pair = entry.text.pair if entry.text else None
    targets = [pair[1]] if pair else sorted(_read_targets(entry))
    sources = _list_sources(entry, catalog) if pair else []
    for target in targets:
        yield language_pb2.TranslationLanguage(
            code=target,
            name=NAMES.get(target, ""),
            model=entry.id,
            engine=entry.engine,
            installed=entry.is_available,
            install_hint=entry.install_hint,
            **{"from": sources},
        )


def _list_sources(entry: ModelEntry, catalog: Catalog) -> list[str]:
    """Return what a model of one direction translates from, with what comes to it by the pivot."""
    if not entry.text or not entry.text.pair:
        return []
    source, target = entry.text.pair
    if source != _PIVOT:
        return [source]
    by_pivot = {
        other.text.pair[0]
        for other in catalog.entries(Kind.TRANSLATOR)
        if other.text and other.text.pair and other.text.pair[1] == _PIVOT
        if other.is_available or not entry.is_available
    }
    return [source, *sorted(by_pivot - {target})]


def _check(request: language_pb2.TranslateTextRequest) -> None:
    check_texts(request.sentences, at_most=_MAX_SENTENCES, most_bytes=_MAX_BYTES)
    if any(len(sentence) > _MAX_CHARACTERS for sentence in request.sentences):
        raise BadRequestError(f"A sentence has at most {_MAX_CHARACTERS} characters.")
    if not request.source or not request.target:
        raise BadRequestError("The source or the target language is missing.")


def _record(runtime: Runtime, model: str, translations: Sequence[Translation]) -> None:
    failed = [each.reason for each in translations if each.reason not in ("", _NO_WORDS)]
    runtime.metrics.record_translation(model, sentences=len(translations), failed=failed)


def _write(
    translations: Sequence[Translation], steps: Sequence[Step]
) -> language_pb2.TranslateTextResponse:
    return language_pb2.TranslateTextResponse(
        translations=[
            language_pb2.TranslatedSentence(
                text=each.text, untranslated=bool(each.reason), reason=each.reason
            )
            for each in translations
        ],
        model=" + ".join(step.entry.id for step in steps),
        engine=steps[-1].entry.engine if steps else "",
        pivot=_PIVOT if len(steps) > 1 else "",
    )
