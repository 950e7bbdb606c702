"""Translate and its list, as a client sees them: fakes for weights, or a small random T5."""

import hashlib
import json
from pathlib import Path

import grpc
import pytest

from inference_service.catalog.translators import TRANSLATORS
from protos.stt.v1 import language_pb2, language_pb2_grpc
from tests.inference_service.apertium import ApertiumTranslator, require_apertium
from tests.inference_service.calls import DEADLINE_S
from tests.inference_service.conftest import Serve, read_counter
from tests.inference_service.fakes import FakeTranslator
from tests.inference_service.tiny_madlad import install_madlad

CS_EN, EN_CS, EN_DE = "firefox-cs-en", "firefox-en-cs", "firefox-en-de"
SOURCE = "Rozpočet schválili v úterý 23. března."
ENGLISH = "They approved the budget on Tuesday 23 March."
GERMAN = "Sie genehmigten das Budget am Dienstag, dem 23. März."


def install(folder: Path, *names: str) -> Path:
    """Make these models of the catalogue look installed; returns the models folder."""
    for model in TRANSLATORS:
        if model.id in names:
            (folder / model.id).mkdir(parents=True)
            for file in model.files:
                (folder / model.id / file.name).write_bytes(b"stood for")
    return folder


def list_madlad(folder: Path, path: Path) -> Path:
    """Write a catalogue file that holds the random T5 of `folder`."""
    files = [
        {
            "name": file.name,
            "size_bytes": file.stat().st_size,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for file in sorted(folder.iterdir())
    ]
    entry = {"id": "madlad400-3b-mt", "kind": "translator", "engine": "madlad"}
    path.write_text(json.dumps([{**entry, "licence": "Apache-2.0", "files": files}]))
    return path


async def translate(
    channel: grpc.aio.Channel, *sentences: str, **fields: object
) -> language_pb2.TranslateTextResponse:
    values = {"sentences": sentences, "source": "cs", "target": "en"} | fields
    request = language_pb2.TranslateTextRequest(**values)  # type: ignore[arg-type]
    return await language_pb2_grpc.LanguageStub(channel).Translate(request, timeout=DEADLINE_S)


async def list_languages(
    channel: grpc.aio.Channel,
) -> list[language_pb2.TranslationLanguage]:
    stub = language_pb2_grpc.LanguageStub(channel)
    request = language_pb2.ListTranslationLanguagesRequest()
    return list((await stub.ListTranslationLanguages(request, timeout=DEADLINE_S)).languages)


async def test_sentences_come_back_in_their_order_each_by_itself(
    serve: Serve, tmp_path: Path
) -> None:
    sentences = [f"Rozpočet číslo {number}." for number in range(10, 22)]
    model = FakeTranslator(CS_EN, {each: each.replace("číslo", "number") for each in sentences})
    async with serve(models_dir=install(tmp_path, CS_EN), models={CS_EN: model}) as served:
        answer = await translate(served.channel, *sentences, source="cs-CZ", target="en-GB")

    assert [each.text for each in answer.translations] == list(model.first.values())
    assert not any(each.untranslated for each in answer.translations)
    assert (answer.model, answer.engine, answer.pivot) == (CS_EN, "firefox-translations", "")
    assert set(model.calls) == {("cs", "en", False)}


async def test_a_pair_without_a_model_of_its_own_goes_through_english(
    serve: Serve, tmp_path: Path
) -> None:
    models = {
        CS_EN: FakeTranslator(CS_EN, {SOURCE: ENGLISH}),
        EN_DE: FakeTranslator(EN_DE, {ENGLISH: GERMAN}),
    }
    async with serve(models_dir=install(tmp_path, *models), models=models) as served:
        answer = await translate(served.channel, SOURCE, target="de")

    assert answer.translations[0].text == GERMAN
    assert (answer.model, answer.pivot) == (f"{CS_EN} + {EN_DE}", "en")


async def test_a_sentence_that_fails_a_guard_comes_back_as_it_was(
    serve: Serve, tmp_path: Path
) -> None:
    model = FakeTranslator(CS_EN, {SOURCE: "budget budget budget budget 23", "♪ 12": "never asked"})
    async with serve(models_dir=install(tmp_path, CS_EN), models={CS_EN: model}) as served:
        answer = await translate(served.channel, SOURCE, "♪ 12")
        failed = read_counter(served, "stt_untranslated_sentences_total", reason="repetition")

    assert failed == 1
    looped, wordless = answer.translations
    assert (looped.text, looped.untranslated, looped.reason) == (SOURCE, True, "repetition")
    assert (wordless.text, wordless.reason) == ("♪ 12", "no_words")


async def test_a_second_attempt_is_made_where_the_model_has_one(
    serve: Serve, tmp_path: Path
) -> None:
    other = "Schválili to."
    model = FakeTranslator(CS_EN, {SOURCE: "Yes.", other: "They did."}, second={SOURCE: ENGLISH})
    async with serve(models_dir=install(tmp_path, CS_EN), models={CS_EN: model}) as served:
        answer = await translate(served.channel, SOURCE, other)

    assert [each.text for each in answer.translations] == [ENGLISH, "They did."]
    assert [is_second for _, _, is_second in model.calls] == [False, True]


async def test_the_same_language_is_returned_without_any_model(serve: Serve) -> None:
    async with serve() as served:
        answer = await translate(served.channel, SOURCE, target="cs-CZ")

    assert answer.translations[0].text == SOURCE
    assert not answer.translations[0].untranslated
    assert answer.model == ""


async def test_a_pair_that_is_not_installed_is_refused_with_the_commands(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(models_dir=install(tmp_path, CS_EN)) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await translate(served.channel, SOURCE, target="de")
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await translate(served.channel, SOURCE, target="tlh")
        with pytest.raises(grpc.aio.AioRpcError) as wrong:
            await translate(served.channel, SOURCE, target="de", model=CS_EN)

    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    assert f"installed: {CS_EN}" in str(refused.value.details())
    assert f"pull {EN_DE}" in str(refused.value.details())
    assert f"pull {CS_EN}" not in str(refused.value.details())
    assert unknown.value.code() == wrong.value.code() == grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize(
    ("sentences", "fields", "expected"),
    [
        ([], {}, "no texts"),
        (["a"] * 257, {}, "256"),
        (["a" * 2_001], {}, "2000"),
        (["a"], {"source": ""}, "missing"),
        (["a"], {"target": ""}, "missing"),
    ],
)
async def test_what_breaks_a_rule_is_refused(
    serve: Serve, sentences: list[str], fields: dict[str, object], expected: str
) -> None:
    async with serve() as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await translate(served.channel, *sentences, **fields)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert expected in str(refused.value.details())


async def test_the_list_has_what_is_here_and_what_could_be(serve: Serve, tmp_path: Path) -> None:
    async with serve(models_dir=install(tmp_path, CS_EN, EN_DE)) as served:
        rows = {(row.code, row.model): row for row in await list_languages(served.channel)}

    german, czech = rows["de", EN_DE], rows["cs", EN_CS]
    assert (german.name, german.installed, german.install_hint) == ("German", True, "")
    assert list(getattr(german, "from")) == ["en", "cs"]
    assert not czech.installed
    assert f"pull {EN_CS}" in czech.install_hint
    assert "de" in getattr(czech, "from")
    assert list(getattr(rows["en", CS_EN], "from")) == ["cs"]


async def test_an_operators_madlad_translates_into_what_its_tokenizer_has(
    serve: Serve, tmp_path: Path
) -> None:
    """A random T5 in MADLAD's format: real loads, codes and guards; what it says is noise."""
    folder = install_madlad(tmp_path / "models" / "madlad400-3b-mt")
    settings = {
        "models_dir": tmp_path / "models",
        "catalogue_file": list_madlad(folder, tmp_path / "own.json"),
    }
    async with serve(**settings) as served:
        answer = await translate(
            served.channel, "The budget of the budget.", source="en", target="nb"
        )
        rows = [row for row in await list_languages(served.channel) if row.engine == "madlad"]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await translate(served.channel, SOURCE, target="yue")

    assert (answer.model, answer.engine) == ("madlad400-3b-mt", "madlad")
    [sentence] = answer.translations
    assert sentence.untranslated == bool(sentence.reason)
    assert sentence.text
    assert [(row.code, row.installed) for row in rows] == [
        ("cs", True),
        ("en", True),
        ("no", True),
    ]
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION


async def test_real_translations_pass_the_guards(serve: Serve, tmp_path: Path) -> None:
    require_apertium()
    sentences = [
        "The budget was approved on Tuesday 23 March.",
        "The house is big.",
        "We have 1250 customers in the second quarter.",
        "Yes.",
    ]
    name = ApertiumTranslator.model_id
    models = {name: ApertiumTranslator()}
    async with serve(models_dir=install(tmp_path, name), models=models) as served:
        answer = await translate(served.channel, *sentences, source="en-US", target="es")

    assert [each.reason for each in answer.translations] == [""] * 4
    first, second, third, _ = (each.text for each in answer.translations)
    assert "presupuesto" in first
    assert "casa" in second
    assert "1250" in third
    assert answer.model == name
