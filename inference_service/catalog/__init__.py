"""Which models exist, where their weights are, which one answers to a name.

Owns names and folders. Loads nothing (`inference_service.pool` does), and never uses the network
unless asked to: `python -m inference_service.catalog pull MODEL`.
"""

from inference_service.catalog.catalog import Catalog, CatalogSettings
from inference_service.catalog.entries import Kind, ModelEntry
from inference_service.catalog.errors import (
    BadDefaultModelError,
    CatalogError,
    NotInstalledError,
    PullError,
    UnknownModelError,
)

__all__ = [
    "BadDefaultModelError",
    "Catalog",
    "CatalogError",
    "CatalogSettings",
    "Kind",
    "ModelEntry",
    "NotInstalledError",
    "PullError",
    "UnknownModelError",
]
