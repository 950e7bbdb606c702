"""Who spoke when: an embedding per speaker turn, and the clustering of a recording's turns."""

from inference_service.engines.diarization.clustering import cluster_turns
from inference_service.engines.diarization.embedder import Embedder, Turn, load_embedder

__all__ = ["Embedder", "Turn", "cluster_turns", "load_embedder"]
