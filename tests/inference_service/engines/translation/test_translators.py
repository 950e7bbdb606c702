"""The engines of translation: MADLAD's format on a random T5, and Mozilla's on damaged files."""

from pathlib import Path

import pytest

from inference_service.engines.translation.firefox import FirefoxTranslator
from inference_service.engines.translation.madlad import MadladTranslator, list_targets
from inference_service.engines.translation.translator import UnknownTargetError
from tests.inference_service.tiny_madlad import install_madlad


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_madlad(tmp_path_factory.mktemp("madlad"))


def test_the_targets_are_those_that_the_tokenizer_has_tokens_for(folder: Path) -> None:
    translator = MadladTranslator(folder, model_id="madlad")

    assert translator.targets == list_targets(folder) == {"cs", "no", "en"}
    with pytest.raises(UnknownTargetError, match="yue"):
        translator.translate(["the budget"], source="en", target="yue")


def test_the_target_decides_what_comes_out_and_a_second_attempt_is_another(folder: Path) -> None:
    translator = MadladTranslator(folder, model_id="madlad")
    sentences = ["the budget", "budget the budget", "je schválen", "the budget je schválen", "je"]

    into_czech = translator.translate(sentences, source="en", target="cs")
    again = translator.translate(sentences, source="en", target="cs")
    into_norwegian = translator.translate(sentences, source="en", target="no")
    second = translator.translate(sentences, source="en", target="cs", is_second=True)

    assert len(into_czech) == len(sentences)
    assert into_czech == again
    assert into_norwegian != into_czech
    assert second != into_czech


def test_a_damaged_tokenizer_lists_no_targets(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")

    assert list_targets(tmp_path) == frozenset()
    assert list_targets(tmp_path / "nowhere") == frozenset()


def test_damaged_files_of_a_firefox_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="lacks"):
        FirefoxTranslator(tmp_path, model_id="firefox-cs-en", source="cs", target="en")
    for name in ("model.csen.intgemm.alphas.bin", "lex.50.50.csen.s2t.bin", "vocab.csen.spm"):
        (tmp_path / name).write_bytes(b"nothing " * 100)
    with pytest.raises(ValueError, match="model version"):
        FirefoxTranslator(tmp_path, model_id="firefox-cs-en", source="cs", target="en")
