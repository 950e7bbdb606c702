"""A local folder of weights: a mounted disk, a memory stick, what another machine fetched."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from inference_service.catalog.entries import CatalogueModel
from inference_service.catalog.sources.source import Report, SourceError


@dataclass(frozen=True, slots=True)
class FolderSource:
    """`root/MODEL/FILE`: copies the files, which stay where they are."""

    root: Path

    @property
    def name(self) -> str:
        return f"the folder {self.root}"

    def fetch(self, model: CatalogueModel, folder: Path, *, report: Report) -> None:
        origin = self.root / model.id
        missing = [file.name for file in model.files if not (origin / file.name).is_file()]
        if missing:
            raise SourceError(f"{origin} lacks {', '.join(missing)}.")
        try:
            for file in model.files:
                report(f"Copying {file.name} ({file.size_bytes / 1e6:.1f} MB).")
                shutil.copyfile(origin / file.name, folder / file.name)
        except OSError as error:
            raise SourceError(f"{origin} could not be copied ({error.strerror}).") from error
