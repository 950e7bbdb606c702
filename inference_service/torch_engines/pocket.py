"""Pocket TTS by Kyutai: 100 million parameters, on the CPU, faster than speech.

Its folder holds model.safetensors and tokenizer.model (`catalog pull pocket-tts`); the shape of the
network is the package's own for these weights, or config.yaml in the folder, where there is one.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from pocket_tts import TTSModel
from pocket_tts.default_parameters import MAX_TOKEN_PER_CHUNK
from pocket_tts.models.text_chunking import split_into_best_sentences
from pocket_tts.utils.config import CONFIGS_DIR
from torchaudio.functional import resample

from inference_service.engines.voice.engine import Samples, VoiceReference

WEIGHTS, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.model", "config.yaml"
# Of the weights that the catalogue pins (the hub's revision of April 2026).
_PACKAGED_CONFIG = "english_2026-04.yaml"


class PocketCloner:
    """A `Cloner`. On the CPU: the package measured no gain on a GPU."""

    sample_rate_hz: int

    def __init__(
        self, folder: Path, *, model_id: str, revision: str, languages: tuple[str, ...]
    ) -> None:
        """Load it: 3 s, 0.5 GB. Raises OSError, ValueError, RuntimeError for bad weights."""
        threads = torch.get_num_threads()
        self._model = TTSModel.load_model(config=_write_config(folder))
        torch.set_num_threads(threads)  # the package sets it to 1 for the whole process
        # As many frames at once as are there would make the rounding depend on the machine's load.
        self._model.max_decoder_frames_per_call = 1
        self.model_id, self.revision, self.languages = model_id, revision, languages
        self.sample_rate_hz = self._model.sample_rate

    def split(self, text: str) -> list[str]:
        model = self._model
        if not any(character.isalnum() for character in text):
            return []
        return list(
            split_into_best_sentences(
                model.flow_lm.conditioner.tokenizer,
                text,
                MAX_TOKEN_PER_CHUNK,
                model.pad_with_spaces_for_short_inputs,
                remove_semicolons=model.remove_semicolons,
                append_terminal_punctuation=model.append_terminal_punctuation,
                capitalize_first_letter=model.capitalize_first_letter,
                replace_characters=model.replace_characters,
            )
        )

    def prepare(self, reference: VoiceReference) -> Any:
        samples = torch.from_numpy(reference.samples)[None]
        fitted = resample(samples, reference.sample_rate_hz, self.sample_rate_hz)
        with torch.inference_mode():
            return self._model.get_state_for_audio_prompt(fitted)

    def speak(self, text: str, prepared: Any, *, seed: int) -> Samples:
        torch.manual_seed(seed)
        spoken = self._model.generate_audio(prepared, text, copy_state=True)
        return np.asarray(spoken.detach().cpu().numpy().reshape(-1), np.float32)


def _write_config(folder: Path) -> Path:
    """Write the configuration with the paths of this folder into it. Raises OSError, ValueError."""
    own = folder / CONFIG
    text = (own if own.is_file() else CONFIGS_DIR / _PACKAGED_CONFIG).read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    config["weights_path"] = str(folder / WEIGHTS)
    config.pop("weights_path_without_voice_cloning", None)
    table = config["flow_lm"]["lookup_table"]
    table["tokenizer"], table["tokenizer_path"] = "sentencepiece", str(folder / TOKENIZER)
    # Not into the folder of the weights, which may be read-only.
    written = Path(tempfile.mkdtemp(prefix="stt-pocket-")) / "pocket.yaml"
    written.write_text(yaml.safe_dump(config), encoding="utf-8")
    return written
