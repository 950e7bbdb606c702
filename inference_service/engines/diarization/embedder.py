"""What a speaker embedder is, and which one this server has.

An embedder cuts a stretch of speech into speaker turns and describes each voice by a vector; it
knows nothing of the rest of the recording. `clustering` puts names to the vectors afterwards.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Embedding = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A span in which, as far as can be told, one person speaks."""

    start_s: float  # from the start of the recording
    end_s: float  # > start_s
    embedding: Embedding  # float32 (dimension of its embedder,)


class EmbedderError(Exception):
    """An embedder that is installed can't be used; its message says which file and why."""


class Embedder(Protocol):
    """Splits speech into turns and embeds each. Stateless between calls, hence thread-safe."""

    name: str
    is_approximate: bool
    dimension: int  # of its embeddings

    def embed_turns(self, samples: Samples, *, offset_s: float) -> list[Turn]:
        """Splits one stretch of speech where the speaker changes.

        samples: float32 (n_samples,), mono, 16 kHz, [-1, 1], any length; a VAD region with its
        padding: leading and trailing quiet is left out of the turns.
        offset_s: where in the recording the first sample lies.
        Returns the turns in time order, without overlap; none where nothing is loud enough.
        """
        ...


def load_embedder(models_dir: Path) -> Embedder:
    """wespeaker, if `models_dir/wespeaker-voxceleb-resnet34-LM` holds an .onnx; else statistics.

    Raises EmbedderError if that file is there and is not such a model: never a silent swap.
    """
    # Imported here: both modules import this one, and onnxruntime is slow to load.
    from inference_service.engines.diarization import mfcc, wespeaker

    weights = sorted((models_dir / wespeaker.NAME).glob("*.onnx"))
    return wespeaker.WespeakerEmbedder(weights[0]) if weights else mfcc.MfccStatisticsEmbedder()
