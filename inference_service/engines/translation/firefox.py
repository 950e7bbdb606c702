"""Mozilla's Firefox Translations models, one direction each, by `fxtranslate`.

Small students of large models (17 to 60 MB), quantized for the CPU. Each is a folder with a model,
a lexical shortlist and one or two vocabularies under Mozilla's own names.
"""

from collections.abc import Sequence
from pathlib import Path

from inference_service.catalog import ModelEntry
from inference_service.engines.settings import EngineSettings
from inference_service.engines.translation.translator import UnknownTargetError

# Longer ones are cut by the model without a word, so they are split into sentences once more.
_LONGEST = 300


class FirefoxTranslator:
    """A `Translator` of one direction."""

    has_second_attempt = False  # it has one way of decoding

    def __init__(self, folder: Path, *, model_id: str, source: str, target: str) -> None:
        """Load it; 0.1 s. Raises OSError or ValueError for bad weights."""
        import fxtranslate

        self.model_id = model_id
        self._source, self._target = source, target
        model = _find(folder, "model.*.bin")
        vocabularies = [_find(folder, "srcvocab.*.spm"), _find(folder, "trgvocab.*.spm")]
        if None in vocabularies:
            vocabularies = [_find(folder, "vocab.*.spm")] * 2
        first, second = vocabularies
        if model is None or first is None or second is None:
            raise FileNotFoundError(f"The folder of {model_id} lacks the model or its vocabulary.")
        shortlist = _find(folder, "lex.*.bin")
        self.memory_bytes = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        self._engine = fxtranslate.Translator(
            model=model.read_bytes(),
            src_vocab=first.read_bytes(),
            trg_vocab=second.read_bytes(),
            shortlist=shortlist.read_bytes() if shortlist else None,
        )

    def translate(
        self, sentences: Sequence[str], *, source: str, target: str, is_second: bool = False
    ) -> list[str]:
        if (source, target) != (self._source, self._target):
            raise UnknownTargetError(f"{self.model_id} can't translate {source} into {target}.")
        return [
            self._engine.translate_long(sentence)
            if len(sentence) > _LONGEST
            else self._engine.translate(sentence)
            for sentence in sentences
        ]

    def close(self) -> None:
        del self._engine


def load_firefox(entry: ModelEntry, _settings: EngineSettings) -> FirefoxTranslator:
    """Raises OSError or ValueError for bad weights."""
    if entry.path is None or entry.text is None or entry.text.pair is None:
        raise ValueError(f"{entry.id} has no weights here, or no direction.")
    source, target = entry.text.pair
    return FirefoxTranslator(entry.path, model_id=entry.id, source=source, target=target)


def _find(folder: Path, pattern: str) -> Path | None:
    return next(iter(sorted(folder.glob(pattern))), None)
