"""The translation models of the catalogue: Mozilla's, one for each direction.

Names, sizes and hashes in `firefox_models.json` are Mozilla's own, of the unpacked files
(mozilla/firefox-translations-models, `registry.json` at 01bc653; a part of its languages); the
files could not be fetched here. Mozilla's delivery is not meant for services, so they come from a
folder or a mirror of the operator's.
"""

import json
from pathlib import Path

from inference_service.catalog.entries import (
    FIREFOX_ENGINE,
    CatalogueModel,
    Kind,
    Licence,
    Provenance,
    TextFacts,
    WeightFile,
)

_FILES = Path(__file__).parent / "firefox_models.json"
_LICENCE = Licence(
    spdx="MPL-2.0",
    text_file="mpl-2.0.txt",
    attribution="Firefox Translations models by Mozilla and the Bergamot project (MPL-2.0).",
)


def _read_models() -> tuple[CatalogueModel, ...]:
    content = json.loads(_FILES.read_text(encoding="utf-8"))
    return tuple(_describe(direction, files) for direction, files in content.items())


def _describe(direction: str, files: list[tuple[str, int, str]]) -> CatalogueModel:
    source, _, target = direction.partition("-")
    return CatalogueModel(
        id=f"firefox-{direction}",
        name=f"Firefox Translations {source} → {target}",
        kind=Kind.TRANSLATOR,
        engine=FIREFOX_ENGINE,
        files=tuple(WeightFile(name, size, sha256) for name, size, sha256 in files),
        licence=_LICENCE,
        provenance=Provenance.ORIGINAL,
        installed_files=tuple(name for name, _, _ in files),
        text=TextFacts(languages=(source, target), pair=(source, target)),
    )


TRANSLATORS = _read_models()
