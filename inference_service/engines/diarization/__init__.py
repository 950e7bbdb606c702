"""Who spoke when: an embedding per speaker turn, and the clustering of a recording's turns."""

from inference_service.engines.diarization.clustering import MAX_SPEAKERS, cluster_turns
from inference_service.engines.diarization.embedder import (
    Embedder,
    EmbedderError,
    Turn,
    load_embedder,
)

__all__ = ["MAX_SPEAKERS", "Embedder", "EmbedderError", "Turn", "cluster_turns", "load_embedder"]
