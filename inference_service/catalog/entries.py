"""The models that have a name of their own, whether their weights are here or not."""

from dataclasses import dataclass
from pathlib import Path

# What every client sends by default; the only name that another model may answer to.
USUAL_MODEL = "large-v3-turbo"
POCKETSPHINX = "pocketsphinx-en-us"

FASTER_WHISPER_ENGINE = "faster-whisper"
POCKETSPHINX_ENGINE = "pocketsphinx"


@dataclass(frozen=True, slots=True)
class WindowMargin:
    """How short a model's windows may be encoded: measured on real speech, for that model."""

    behind_s: float  # of silence that must stay behind the speech
    shortest_s: float
    step_s: float  # lengths come in multiples of it, so that windows share batches


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model, as it stands on this machine now.

    `path` is the folder of its weights; None where they are not here or come with a package.
    `install_hint` is a sentence, empty where the model is here.
    """

    id: str
    name: str
    engine: str
    speed: str  # "very_fast", "fast", "standard"
    languages: frozenset[str]  # codes that it can be asked for
    is_available: bool
    is_approximate: bool = False
    can_translate: bool = False  # into English
    detects_language: bool = False
    path: Path | None = None
    install_hint: str = ""
    window_margin: WindowMargin | None = None  # None: each window is padded to 30 s


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One of the four Whisper models of the catalogue, and where its weights are published."""

    id: str
    name: str
    speed: str
    repository: str  # on Hugging Face
    has_cantonese: bool  # large-v3 and its descendants know 100 languages, the others 99
    translates: bool = True
    window_margin: WindowMargin | None = None  # None: not measured, so windows are padded


# Best first: the first one installed is the server's default.
CATALOGUE = (
    CatalogueModel(
        "large-v3-turbo",
        "Whisper Large V3 Turbo",
        "fast",
        "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        has_cantonese=True,
        # Trained without translation data (model card of openai/whisper-large-v3-turbo).
        translates=False,
    ),
    CatalogueModel(
        "large-v3",
        "Whisper Large V3",
        "standard",
        "Systran/faster-whisper-large-v3",
        has_cantonese=True,
    ),
    CatalogueModel(
        "medium", "Whisper Medium", "fast", "Systran/faster-whisper-medium", has_cantonese=False
    ),
    CatalogueModel(
        "small", "Whisper Small", "very_fast", "Systran/faster-whisper-small", has_cantonese=False
    ),
)

# ruff: noqa: SIM905  # a list of literals would take a hundred lines
# Whisper's languages in the order of its tokens (openai/whisper, tokenizer.py).
WHISPER_LANGUAGES = tuple(
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th "
    "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr "
    "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt "
    "haw ln ha ba jw su yue".split()
)
