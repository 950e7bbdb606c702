"""MADLAD-400 on CTranslate2: a T5 that is told its target by a token, and finds the source itself.

A code that it doesn't know would come out as another language without any error, so the languages
are those that its tokenizer has tokens for (`<2cs>`).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

from inference_service.catalog import ModelEntry
from inference_service.engines.settings import EngineSettings, count_threads
from inference_service.engines.translation.translator import UnknownTargetError

TOKENIZER_FILE = "tokenizer.json"
_TARGET = re.compile(r"<2([A-Za-z][A-Za-z_-]*)>")
_END = "</s>"
_SECOND_BEAM = 4
_REPETITION_PENALTY = 1.2


class MadladTranslator:
    """A `Translator` into every language of its tokenizer."""

    has_second_attempt = True

    def __init__(
        self,
        folder: Path,
        *,
        model_id: str,
        device: str = "cpu",
        compute_type: str = "auto",
        threads: int = 1,
    ) -> None:
        """Load it; seconds. Raises OSError, ValueError or RuntimeError for bad weights."""
        self.model_id = model_id
        self._tokenizer = _load_tokenizer(folder)
        self.targets = read_targets(folder)
        self.memory_bytes = (folder / "model.bin").stat().st_size
        self._translator = ctranslate2.Translator(
            str(folder),
            device=device,
            compute_type=compute_type,
            inter_threads=threads,
            intra_threads=1,
        )

    def translate(
        self, sentences: Sequence[str], *, source: str, target: str, is_second: bool = False
    ) -> list[str]:
        """`source` is what the text is in; the model finds that itself."""
        if target not in self.targets:
            raise UnknownTargetError(f"{self.model_id} can't translate into {target}.")
        tokens = [
            [
                f"<2{target}>",
                *self._tokenizer.encode(sentence, add_special_tokens=False).tokens,
                _END,
            ]
            for sentence in sentences
        ]
        results = self._translator.translate_batch(
            tokens,
            beam_size=_SECOND_BEAM if is_second else 1,
            repetition_penalty=_REPETITION_PENALTY if is_second else 1,
            max_decoding_length=3 * max(map(len, tokens)) + 20,
            max_batch_size=1_024,
            batch_type="tokens",
        )
        return [self._join(result.hypotheses[0]) for result in results]

    def close(self) -> None:
        self._translator.unload_model()

    def _join(self, tokens: Sequence[str]) -> str:
        numbers = [self._tokenizer.token_to_id(token) for token in tokens]
        text: str = self._tokenizer.decode([number for number in numbers if number is not None])
        return text.strip()


def read_targets(folder: Path) -> frozenset[str]:
    """Return the codes that can be translated into. Raises OSError, ValueError."""
    vocabulary = _load_tokenizer(folder).get_vocab()
    return frozenset(match[1] for token in vocabulary if (match := _TARGET.fullmatch(token)))


def list_targets(folder: Path) -> frozenset[str]:
    """As `read_targets`, remembered for each state of the folder; none where it is damaged."""
    try:
        return _list_targets(folder, (folder / TOKENIZER_FILE).stat().st_mtime_ns)
    except (OSError, ValueError):
        return frozenset()


@lru_cache(maxsize=4)
def _list_targets(folder: Path, _changed_ns: int) -> frozenset[str]:
    return read_targets(folder)


def load_madlad(entry: ModelEntry, settings: EngineSettings) -> MadladTranslator:
    """Raises OSError, ValueError or RuntimeError for bad weights."""
    if entry.path is None:
        raise ValueError(f"The weights of {entry.id} are not here.")
    return MadladTranslator(
        entry.path,
        model_id=entry.id,
        device="cuda" if settings.device == "cuda" else "cpu",
        compute_type=settings.compute_type,
        threads=count_threads(settings),
    )


def _load_tokenizer(folder: Path) -> Tokenizer:
    path = folder / TOKENIZER_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises no other kind
        raise ValueError(f"{path} is no tokenizer.") from error
