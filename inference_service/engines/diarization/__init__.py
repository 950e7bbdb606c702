"""Who spoke when: turns with an embedding each, and the clustering of a recording's turns."""

from inference_service.engines.diarization.clustering import MAX_SPEAKERS, cluster_turns
from inference_service.engines.diarization.description import Description, known_descriptions
from inference_service.engines.diarization.embedder import (
    DiarizationTask,
    Embedder,
    EmbedderError,
    VoiceTurn,
)
from inference_service.engines.diarization.loading import load_embedder

__all__ = [
    "MAX_SPEAKERS",
    "Description",
    "DiarizationTask",
    "Embedder",
    "EmbedderError",
    "VoiceTurn",
    "cluster_turns",
    "known_descriptions",
    "load_embedder",
]
