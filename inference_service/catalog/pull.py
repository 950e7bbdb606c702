"""Installs a model of the catalogue: fetched, checked, converted, whole or not at all.

Everything comes into a hidden folder beside the final one, which takes its name when it is
complete. What a broken-off pull fetched from a source is used by the next one from that source.
"""

import fcntl
import hashlib
import importlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inference_service.catalog.entries import CatalogueModel, WeightFile
from inference_service.catalog.errors import PullError
from inference_service.catalog.models import read_catalogue
from inference_service.catalog.sources import (
    PullSettings,
    Report,
    SourceError,
    SourcePlan,
    WeightSource,
    plan_sources,
)
from inference_service.catalog.terms import check_terms, record_acceptance
from inference_service.catalog.weights import MANIFEST, is_complete, is_installed

_LICENCES = Path(__file__).parent / "licences"
_CHUNK_BYTES = 1 << 20

Convert = Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """An installed model. `source` is empty where it was there before."""

    folder: Path
    source: str


def find_model(name: str, settings: PullSettings) -> CatalogueModel:
    """Return the catalogue's model of that name. Raises PullError, BadCatalogueFileError."""
    models = read_catalogue(settings.catalogue_file)
    for model in models:
        if model.id == name:
            return model
    names = ", ".join(model.id for model in models)
    raise PullError(f"There is no model named {name!r} to fetch; there are {names}.")


def pull(
    name: str, settings: PullSettings, *, report: Report, are_terms_accepted: bool = False
) -> Pulled:
    """Install the model of that name; see `install`.

    are_terms_accepted: the operator accepts what is shown by `report`. Raises PullError,
    TermsNotAcceptedError.
    """
    model = find_model(name, settings)
    if not is_installed(model, settings.models_dir / model.id):
        check_terms(
            model,
            is_accepted=are_terms_accepted,
            takes_payments=settings.takes_payments,
            report=report,
        )
    return install(model, settings.models_dir, plan_sources(model, settings), report=report)


def install(model: CatalogueModel, models_dir: Path, plan: SourcePlan, *, report: Report) -> Pulled:
    """Install the model from the first source that delivers it; at once if it is there already.

    `report` is called with a line for each step. A second process that pulls the same model waits
    for the first. The caller has checked the model's terms: their acceptance is recorded. Raises
    PullError, with a sentence on each source.
    """
    target = models_dir / model.id
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / f".{model.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(model, target):
            return Pulled(target, "")
        if is_complete(model, target):  # copied by hand: what it lacks is the acceptance
            record_acceptance(model, target)
            return Pulled(target, "")
        convert = _load_converter(model)
        partial = models_dir / f".{model.id}.partial"
        source, fetched = _fetch_from_first(model, partial, plan, report=report)
        _finish(model, fetched, partial, target, source=source, convert=convert)
        return Pulled(target, source.name)


def _fetch_from_first(
    model: CatalogueModel, partial: Path, plan: SourcePlan, *, report: Report
) -> tuple[WeightSource, Path]:
    """Return the source that delivered every file, and the folder that they are in."""
    failures: list[str] = []
    for source in plan.sources:
        folder = partial / type(source).__name__
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if not all(_is_right(folder / file.name, file) for file in model.files):
                source.fetch(model, folder, report=report)
            _check_files(model, folder)
        except SourceError as error:
            failures.append(f"{source.name}: {error}")
            report(f"Not from {source.name}: {error}")
        else:
            return source, folder
    reasons = "".join(f"\n  {reason}" for reason in (*failures, *plan.refusals))
    names = ", ".join(file.name for file in model.files)
    raise PullError(
        f"The model {model.id} could not be fetched from any of its sources.{reasons}\n"
        f"Files copied by hand are as good: put {names} into STT_WEIGHTS_DIR/{model.id}/ "
        "and pull again."
    )


def _check_files(model: CatalogueModel, folder: Path) -> None:
    """Delete every file that isn't the publisher's own. Raises SourceError if there was one."""
    wrong = [file.name for file in model.files if not _is_right(folder / file.name, file)]
    for name in wrong:
        (folder / name).unlink(missing_ok=True)
    if wrong:
        raise SourceError(f"{', '.join(wrong)} came with another content than its publisher's.")


def _is_right(path: Path, file: WeightFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest() == file.sha256


def _load_converter(model: CatalogueModel) -> Convert | None:
    """Import it before anything is fetched, so that a missing one costs no download."""
    if not model.converter:
        return None
    module, _, function = model.converter.partition(":")
    try:
        convert: Convert = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise PullError(f"The model {model.id} can't be installed here: {error}.") from error
    return convert


def _finish(
    model: CatalogueModel,
    fetched: Path,
    partial: Path,
    target: Path,
    *,
    source: WeightSource,
    convert: Convert | None,
) -> None:
    """Convert, add the licence and the manifest, and give the folder its name."""
    complete = fetched
    if convert is not None:
        complete = partial / "converted"
        shutil.rmtree(complete, ignore_errors=True)
        complete.mkdir()
        try:
            convert(fetched, complete)
        except (RuntimeError, OSError) as error:  # OSError: the disk may be full
            raise PullError(f"The model {model.id} could not be converted: {error}") from error
    _write_licence(model, fetched, complete)
    record_acceptance(model, complete)
    _write_manifest(model, complete, source=source)
    shutil.rmtree(target, ignore_errors=True)  # an incomplete folder
    complete.rename(target)
    shutil.rmtree(partial, ignore_errors=True)


def _write_licence(model: CatalogueModel, fetched: Path, complete: Path) -> None:
    licence = model.licence
    own = fetched / licence.text_file
    shutil.copyfile(own if own.is_file() else _LICENCES / licence.text_file, complete / "LICENCE")
    (complete / "ATTRIBUTION").write_text(f"{licence.attribution}\nLicence: {licence.spdx}\n")


def _write_manifest(model: CatalogueModel, complete: Path, *, source: WeightSource) -> None:
    sizes = {path.name: path.stat().st_size for path in complete.iterdir() if path.is_file()}
    manifest = {
        "model": model.id,
        "kind": model.kind,
        "source": source.name,
        "licence": model.licence.spdx,
        "attribution": model.licence.attribution,
        "provenance": model.provenance,
        "gated": model.is_gated,
        "fetched": {file.name: file.sha256 for file in model.files},
        "files": sizes,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (complete / MANIFEST).write_text(text, encoding="utf-8")
