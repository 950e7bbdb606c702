"""The catalogue of one server: its entries of every kind, and which of them answers to a name."""

import re
from pathlib import Path
from typing import Protocol

from inference_service.catalog.entries import (
    FASTER_WHISPER_ENGINE,
    CatalogueModel,
    Kind,
    ModelEntry,
)
from inference_service.catalog.errors import (
    BadDefaultModelError,
    NotInstalledError,
    UnknownModelError,
)
from inference_service.catalog.models import read_catalogue
from inference_service.catalog.text_models import E5_SMALL, QWEN
from inference_service.catalog.voices import KOKORO
from inference_service.catalog.weights import (
    find_in_hub_cache,
    is_installed,
    is_whisper_folder,
    read_languages,
    read_window_margin,
)
from inference_service.catalog.whispers import USUAL_MODEL

_FIRST_HINT = (
    "Install one: `python -m inference_service.catalog pull base`; with a GPU rather "
    "large-v3-turbo."
)
# What each kind is called in sentences, and which model to begin with.
_KINDS = {
    Kind.EMBEDDER: ("text embedder", E5_SMALL),
    Kind.LANGUAGE_MODEL: ("language model", QWEN),
    Kind.TRANSLATOR: ("translation model", "firefox-cs-en"),
    Kind.VOICE: ("voice", KOKORO),
}
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class CatalogSettings(Protocol):
    """What the catalogue reads of the service's configuration."""

    @property
    def models_dir(self) -> Path: ...

    @property
    def default_model(self) -> str:
        """A name, or empty: the best one installed."""
        ...

    @property
    def catalogue_file(self) -> Path | None:
        """Further models, by the operator."""
        ...

    @property
    def language_model(self) -> str:
        """A name, or empty: the best one installed."""
        ...


class Catalog:
    """The models of this server. Every answer is fresh: a model pulled since then appears.

    An answer costs a few `stat` calls for each model.
    """

    def __init__(self, settings: CatalogSettings, *, hub_cache: Path | None = None) -> None:
        """Check STT_DEFAULT_MODEL.

        `hub_cache` is the Hugging Face cache, where it is not the usual one. Raises
        BadDefaultModelError if the default model is unknown or not installed,
        BadCatalogueFileError.
        """
        self._models_dir = settings.models_dir
        self._default_model = settings.default_model
        self._language_model = settings.language_model
        self._catalogue_file = settings.catalogue_file
        self._hub_cache = hub_cache
        if self._default_model:
            self._check_default_model()

    def models(self) -> list[ModelEntry]:
        """Return every recogniser, best first; those not installed as well.

        A model of English alone answers only where there is no other, or where it is named.
        """
        entries = [*self.entries(Kind.RECOGNISER), *self._describe_folders()]
        return sorted(entries, key=lambda entry: entry.languages == {"en"})

    def entries(self, kind: Kind) -> list[ModelEntry]:
        """Return the catalogue's models of one kind, best first; those not installed as well."""
        models = read_catalogue(self._catalogue_file)
        return [self._describe_catalogue_model(each) for each in models if each.kind is kind]

    def read_models(self) -> tuple[CatalogueModel, ...]:
        """Return what the catalogue states of every model that it knows, installed or not."""
        return read_catalogue(self._catalogue_file)

    def find(self, kind: Kind) -> ModelEntry | None:
        """Return the best installed model of a kind; None where there is none."""
        found = self.models() if kind is Kind.RECOGNISER else self.entries(kind)
        return next((entry for entry in found if entry.is_available), None)

    def default(self) -> ModelEntry:
        """Return the recogniser that answers where none is named.

        That is STT_DEFAULT_MODEL as long as its weights are here, else the best one installed.
        Raises NotInstalledError where there is none at all.
        """
        installed = [entry for entry in self.models() if entry.is_available]
        if not installed:
            raise NotInstalledError(f"No speech recognition model is installed here. {_FIRST_HINT}")
        chosen = (entry for entry in installed if entry.id == self._default_model)
        return next(chosen, installed[0])

    def default_id(self) -> str:
        """Return the id of `default()`; empty where nothing is installed."""
        try:
            return self.default().id
        except NotInstalledError:
            return ""

    def resolve(self, name: str) -> ModelEntry:
        """Return the model that runs when `name` is asked for.

        Raises UnknownModelError if no model has that name, NotInstalledError if its weights are
        not here (and it isn't the name that every client sends by default).
        """
        if not name:
            return self.default()
        entries = {entry.id: entry for entry in self.models()}
        if name not in entries:
            raise UnknownModelError(
                f"There is no model named {name!r}; this server knows {', '.join(entries)}."
            )
        if entries[name].is_available:
            return entries[name]
        if name == USUAL_MODEL:
            return self.default()
        installed = ", ".join(entry.id for entry in entries.values() if entry.is_available)
        raise NotInstalledError(
            f"The model {name} is not installed here; installed: {installed or 'none'}. "
            f"{entries[name].install_hint}"
        )

    def default_name(self, kind: Kind) -> str:
        """Return the name that the operator chose for a kind; empty: the best one installed."""
        return self._language_model if kind is Kind.LANGUAGE_MODEL else ""

    def resolve_kind(self, kind: Kind, name: str) -> ModelEntry:
        """Return the model of that kind that runs when `name` is asked for; empty: the best one.

        Raises UnknownModelError, NotInstalledError.
        """
        name = name or self.default_name(kind)
        entries = self.entries(kind)
        called, first = _KINDS[kind]
        installed = [entry for entry in entries if entry.is_available]
        if not name:
            usual = [entry for entry in installed if entry.text and entry.text.is_default]
            if not usual:
                raise NotInstalledError(
                    f"No {called} is installed here. Install one: "
                    f"`python -m inference_service.catalog pull {first}`."
                )
            return usual[0]
        found = next((entry for entry in entries if entry.id == name), None)
        if found is None:
            known = ", ".join(entry.id for entry in entries)
            raise UnknownModelError(
                f"There is no {called} named {name!r}; this server knows {known}."
            )
        if found.is_available:
            return found
        raise NotInstalledError(
            f"The {called} {name} is not installed here; installed: "
            f"{', '.join(entry.id for entry in installed) or 'none'}. {found.install_hint}"
        )

    def default_of(self, kind: Kind) -> str:
        """Return the id of the model that `resolve_kind(kind, "")` returns; empty if it raises."""
        try:
            return self.resolve_kind(kind, "").id
        except (UnknownModelError, NotInstalledError):
            return ""

    def served_by(self, name: str) -> str:
        """Return the id of the model that `resolve(name)` returns; empty where it would raise."""
        try:
            return self.resolve(name).id
        except (UnknownModelError, NotInstalledError):
            return ""

    def _check_default_model(self) -> None:
        installed = [entry.id for entry in self.models() if entry.is_available]
        if self._default_model not in installed:
            raise BadDefaultModelError(
                f"STT_DEFAULT_MODEL is {self._default_model!r}, but must be one of the installed "
                f"models: {', '.join(installed) or 'there is none yet'}. {_FIRST_HINT}"
            )

    def _describe_catalogue_model(self, model: CatalogueModel) -> ModelEntry:
        path = self._find_weights(model)
        facts = model.recogniser
        languages = facts.languages if facts else frozenset()
        if facts and path:
            languages = read_languages(path)
        return ModelEntry(
            id=model.id,
            name=model.name,
            kind=model.kind,
            engine=model.engine,
            speed=facts.speed if facts else "",
            languages=languages,
            is_available=path is not None,
            can_translate=facts is not None and facts.translates,
            detects_language=facts is not None and facts.languages != {"en"},
            path=path,
            install_hint="" if path else _hint(model),
            window_margin=facts.window_margin if facts else None,
            revision=model.revision,
            licence=model.licence.spdx,
            size_bytes=model.size_bytes,
            text=model.text,
            voice=model.voice,
            terms=model.terms,
        )

    def _find_weights(self, model: CatalogueModel) -> Path | None:
        folder = self._models_dir / model.id
        if is_installed(model, folder):
            return folder
        if model.engine != FASTER_WHISPER_ENGINE or model.hub is None:
            return None
        return find_in_hub_cache(model.hub.name, cache=self._hub_cache)

    def _describe_folders(self) -> list[ModelEntry]:
        if not self._models_dir.is_dir():
            return []
        taken = {model.id for model in read_catalogue(self._catalogue_file)}
        return [
            _describe_folder(folder)
            for folder in sorted(self._models_dir.iterdir())
            if folder.name not in taken
            and _FOLDER_NAME.fullmatch(folder.name)
            and is_whisper_folder(folder)
        ]


def _hint(model: CatalogueModel) -> str:
    command = f"python -m inference_service.catalog pull {model.id}"
    if model.terms is None:
        return f"Run `{command}` to install it."
    return f"Run `{command}`, which shows its terms; `--accept-terms` accepts them and installs it."


def _describe_folder(folder: Path) -> ModelEntry:
    languages = read_languages(folder)
    is_multilingual = languages != {"en"}
    return ModelEntry(
        id=folder.name,
        name=folder.name,
        engine=FASTER_WHISPER_ENGINE,
        speed="standard",
        languages=languages,
        is_available=True,
        can_translate=is_multilingual,
        detects_language=is_multilingual,
        path=folder,
        window_margin=read_window_margin(folder),
    )
