"""Puts the turns of one recording together by voice."""

from collections.abc import Sequence

from inference_service.engines.diarization.embedder import Turn


def cluster_turns(turns: Sequence[Turn], *, speakers: int, embedder_name: str) -> list[int]:
    """Labels each turn with its speaker: 1-based, in order of first appearance.

    speakers: exactly so many (as many as there are turns, where these are fewer); 0: find the
    number. embedder_name: whose embeddings these are. Raises ValueError if it is unknown or the
    embeddings don't have its dimension.
    """
    return [1] * len(turns)
