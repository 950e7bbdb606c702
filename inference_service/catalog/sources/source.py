"""What a source of weights is."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from inference_service.catalog.entries import CatalogueModel

Report = Callable[[str], None]  # one line for the person at the terminal


class SourceError(Exception):
    """This source doesn't have the model, or can't deliver it. The message gives the reason."""


class WeightSource(Protocol):
    @property
    def name(self) -> str:
        """What it is called in sentences, such as `https://huggingface.co/Systran/…`."""
        ...

    def fetch(self, model: CatalogueModel, folder: Path, *, report: Report) -> None:
        """Put the model's files into `folder`, which exists and may hold parts of an earlier try.

        The caller checks every file against its hash. Blocks for as long as it takes. Raises
        SourceError.
        """
        ...
