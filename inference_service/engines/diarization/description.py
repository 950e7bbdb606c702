"""What a speaker model is, as data: its files, front end, and the numbers that go with them.

A model lies in a folder of its own with a `model.json` beside its files. The descriptions of the
models that this platform knows come with it (`models/`), so that embeddings can be clustered where
the model itself is not installed.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import TypeVar, get_type_hints

FORMAT = 1
KIND = "speaker_model"
FILE_NAME = "model.json"
_KNOWN = Path(__file__).with_name("models")

T = TypeVar("T")


class DescriptionError(Exception):
    """A model.json that can't be used; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """(1, frames, bands) → (1, dimension)."""

    file: str
    dimension: int
    least_frames: int  # with fewer the network has nothing to average


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Log mel bands as Kaldi's compute-fbank-feats makes them."""

    kind: str
    bands: int
    window: str
    frame_ms: float
    hop_ms: float
    low_hz: float
    high_hz: float  # 0: half the sample rate
    preemphasis: float
    dither: float
    scale: float  # of samples in [-1, 1]
    subtract_mean: bool  # of each band, over the frames that are embedded together


@dataclass(frozen=True, slots=True)
class SegmentationModel:
    """(1, 1, window samples) → (1, frames, classes)."""

    file: str
    window_s: float
    hop_s: float
    frames: int
    frame_s: float
    first_frame_s: float  # where in a window its first frame begins
    classes: tuple[tuple[int, ...], ...]  # of each class the local speakers who speak

    @property
    def speakers(self) -> int:
        return 1 + max((who for each in self.classes for who in each), default=0)


@dataclass(frozen=True, slots=True)
class VoiceChunkRules:
    """How speech of one local speaker is cut into the chunks that are embedded."""

    longest_s: float
    closed_gap_s: float  # shorter gaps are closed
    least_s: float  # shorter runs are dropped
    short_s: float  # chunks below it take `short_context_s` more on each side
    short_context_s: float
    overlap_used_from: float  # with so large a share of overlap, all frames are embedded


@dataclass(frozen=True, slots=True)
class ClusteringRules:
    """When two groups of chunks are one speaker, and which groups are speakers."""

    cut_distance: float  # mean cosine distance between two groups
    shaping_s: float  # shorter chunks don't shape groups
    shaping_overlap: float  # nor do chunks with such a share of overlap
    least_shaping: int  # the longest ones, where fewer qualify
    least_share: float  # of the shaping speech; a smaller group is no speaker
    least_speaker_s: float  # but not below this
    enough_speaker_s: float  # and such a group always is one
    least_given_speaker_s: float  # what a group must hold where the number is given
    # By how much (cosine) a later chunk of one uninterrupted run must be more like someone else.
    change_penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class Description:
    name: str  # of the embedder, stored with its embeddings: another space has another name
    embedding: EmbeddingModel
    front_end: FrontEnd
    segmentation: SegmentationModel
    chunks: VoiceChunkRules
    clustering: ClusteringRules


def read_description(path: Path) -> Description:
    """Read a model.json. Raises DescriptionError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path} can't be read as JSON.") from error
    try:
        return _parse(content)
    except (TypeError, ValueError) as error:
        raise DescriptionError(f"{path} does not describe a speaker model: {error}") from error


def known_description_path(name: str) -> Path:
    """Where the description of a model that comes with the platform lies."""
    return _KNOWN / f"{name}.json"


@cache
def known_descriptions() -> Mapping[str, Description]:
    """The models whose embeddings this server can cluster without having them, by name."""
    found = [read_description(path) for path in sorted(_KNOWN.glob("*.json"))]
    return {description.name: description for description in found}


def _parse(content: object) -> Description:
    """Raises ValueError, TypeError."""
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise ValueError(f"its kind is not “{KIND}”.")
    if content.get("format") != FORMAT:
        raise ValueError(f"its format is {content.get('format')}, and this server reads {FORMAT}.")
    name = content.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError("it has no name.")
    segmentation = dict(_section(content, "segmentation"))
    segmentation["classes"] = _classes(segmentation.get("classes"))
    description = Description(
        name=name,
        embedding=_make(EmbeddingModel, _section(content, "embedding")),
        front_end=_make(FrontEnd, _section(content, "front_end")),
        segmentation=_make(SegmentationModel, segmentation),
        chunks=_make(VoiceChunkRules, _section(content, "pieces")),
        clustering=_make(ClusteringRules, _section(content, "clustering")),
    )
    if description.front_end.kind != "kaldi_fbank":
        raise ValueError(f"its front end “{description.front_end.kind}” is unknown.")
    return description


def _section(content: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = content.get(name)
    if not isinstance(section, dict):
        raise ValueError(f"the section “{name}” is missing.")
    return section


def _classes(value: object) -> tuple[tuple[int, ...], ...]:
    if not isinstance(value, list) or not all(isinstance(each, list) for each in value):
        raise ValueError("“classes” must be lists of local speakers.")
    return tuple(tuple(int(who) for who in each) for each in value)


def _make(made: type[T], values: Mapping[str, object]) -> T:
    """A dataclass of these values, each of the type that its field has."""
    hints = get_type_hints(made)
    known = fields(made)  # type: ignore[arg-type]  # of dataclasses only
    for field in known:
        if field.default is MISSING and field.name not in values:
            raise ValueError(f"“{field.name}” is missing.")
    given = [field.name for field in known if field.name in values]
    return made(**{name: _typed(name, values[name], hints[name]) for name in given})


def _typed(name: str, value: object, wanted: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is float and is_number:
        return float(value)  # type: ignore[arg-type]  # a number, as was just seen
    if wanted in (int, str, bool) and type(value) is not wanted:
        raise ValueError(f"“{name}” must be of the type {getattr(wanted, '__name__', wanted)}.")
    if wanted is float:
        raise ValueError(f"“{name}” must be a number.")
    return value
