"""F5-TTS by SWivid: flow matching over mel frames, with the vocoder Vocos. English and Chinese.

Its folder holds model_1250000.safetensors, vocab.txt, vocos.yaml and vocos.bin (`catalog pull
f5-tts`: non-commercial weights), and, of another size than v1 Base, arch.yaml. Chen et al. 2024,
"F5-TTS: A fairytaler that fakes fluent and faithful speech with flow matching". On a CPU it takes
a minute for a second of speech; it needs requirements/inference-torch-f5.txt.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from f5_tts.infer.utils_infer import infer_batch_process, load_model, load_vocoder
from f5_tts.model import DiT

from inference_service.engines.voice.engine import EngineFailedError, Samples, VoiceReference

WEIGHTS, VOCABULARY, ARCHITECTURE = "model_1250000.safetensors", "vocab.txt", "arch.yaml"
_VOCOS = {"config.yaml": "vocos.yaml", "pytorch_model.bin": "vocos.bin"}
# F5TTS_v1_Base.yaml of the package.
_BASE = {
    "dim": 1024,
    "depth": 22,
    "heads": 16,
    "ff_mult": 2,
    "text_dim": 512,
    "text_mask_padding": True,
    "conv_layers": 4,
}
_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*\s*")
_MOST_CHARACTERS = 135  # the package's own bound for what is spoken at once


class F5Cloner:
    """A `Cloner`. It has to know what is said in the reference."""

    sample_rate_hz = 24_000

    def __init__(
        self,
        folder: Path,
        *,
        model_id: str,
        revision: str,
        languages: tuple[str, ...],
        device: str,
    ) -> None:
        """Load it: 15 s, 2 GB. Raises OSError, ValueError, RuntimeError for bad weights."""
        own = folder / ARCHITECTURE
        arch = yaml.safe_load(own.read_text(encoding="utf-8")) if own.is_file() else _BASE
        self._device = device
        self._model = load_model(
            DiT, arch, str(folder / WEIGHTS), vocab_file=str(folder / VOCABULARY), device=device
        )
        with tempfile.TemporaryDirectory(prefix="stt-vocos-") as named:
            for name, stored in _VOCOS.items():
                (Path(named) / name).symlink_to((folder / stored).absolute())
            self._vocoder = load_vocoder(is_local=True, local_path=named, device=device)
        self.model_id, self.revision, self.languages = model_id, revision, languages

    def split(self, text: str) -> list[str]:
        sentences = (each.strip() for each in _SENTENCE.findall(text))
        found = [each for each in sentences if any(character.isalnum() for character in each)]
        return [part for sentence in found for part in _bounded(sentence)]

    def prepare(self, reference: VoiceReference) -> Any:
        if not reference.text.strip():
            raise EngineFailedError(f"{self.model_id} has to know what is said in the reference.")
        samples = torch.from_numpy(reference.samples)[None]
        return (samples, reference.sample_rate_hz), f"{reference.text.strip()} "

    def speak(self, text: str, prepared: Any, *, seed: int) -> Samples:
        audio, text_of_it = prepared
        torch.manual_seed(seed)
        batches = infer_batch_process(
            audio,
            text_of_it,
            [text],
            self._model,
            self._vocoder,
            progress=None,
            device=self._device,
        )
        spoken, _, _ = next(batches)
        return np.asarray(spoken, np.float32).reshape(-1)


def _bounded(sentence: str) -> list[str]:
    """A sentence in parts that are short enough, cut between words where it has some."""
    parts: list[str] = []
    while len(sentence) > _MOST_CHARACTERS:
        at = sentence.rfind(" ", 1, _MOST_CHARACTERS)
        at = at if at > 0 else _MOST_CHARACTERS
        parts.append(sentence[:at].strip())
        sentence = sentence[at:].strip()
    return [*parts, sentence]
