"""Text as glyphs in their places: HarfBuzz shapes, the Unicode bidirectional algorithm orders.

reportlab draws what comes out (`ShapedStr`). Its own shaping is left aside: it goes word by word,
guesses the direction of each, and knows one font for a text.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise

import uharfbuzz
from bidi import algorithm as bidi
from reportlab.pdfbase.ttfonts import ShapeData, ShapedStr

from transcripts.exports.font_coverage import Run, load_font, split_runs

# What stands from left to right in a line of the other direction: numbers do too.
_LTR_CLASSES = frozenset({"L", "EN", "AN", "LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI"})
_RTL_CLASSES = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True)
class ShapedRun:
    """What is drawn in one go. `text`: its characters from left to right, as are the `glyphs`;
    `width` in thousandths of the font's size. `needs_actual_text`: the glyphs don't stand one for
    one for the characters, so that the text must be written beside them.
    """

    text: str
    glyphs: str
    font: str
    width: float
    needs_actual_text: bool


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction goes from right to left (UAX #9, P2)."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def measure(text: str, *, language: str, is_bold: bool = False) -> float:
    """Return the width in thousandths of the font's size. Cached: words come again."""
    return _measure(text, language, is_bold)


def lay_out(
    text: str, *, language: str, is_bold: bool = False, is_rtl: bool = False
) -> list[ShapedRun]:
    """Return one line's pieces from left to right, as they stand on the paper."""
    return [
        _make_run(run, is_reversed)
        for text_run, is_reversed in _visual_runs(text, is_rtl=is_rtl)
        for run in _runs_of(text_run, language, is_bold, is_reversed)
    ]


@lru_cache(maxsize=50_000)
def _measure(text: str, language: str, is_bold: bool) -> float:
    is_rtl = is_right_to_left(text)
    return sum(
        _make_run(run, is_rtl).width for run in split_runs(text, language=language, is_bold=is_bold)
    )


def _runs_of(text: str, language: str, is_bold: bool, is_reversed: bool) -> Iterator[Run]:
    runs = list(split_runs(text, language=language, is_bold=is_bold))
    yield from reversed(runs) if is_reversed else runs


def _visual_runs(text: str, *, is_rtl: bool) -> Iterator[tuple[str, bool]]:
    """Yield runs of one direction in visual order, each in the order it is read (UAX #9)."""
    directions = {unicodedata.bidirectional(character) for character in text}
    if not is_rtl and not directions & _RTL_CLASSES:
        yield text, False
        return
    if is_rtl and not directions & _LTR_CLASSES:  # one direction all through: nothing to resolve
        yield text, True
        return
    levels = _levels(text, base_level=int(is_rtl))
    pairs = list(enumerate(levels))
    highest = max(levels, default=0)
    lowest_odd = min((level for level in levels if level % 2), default=highest + 1)
    for level in range(highest, lowest_odd - 1, -1):  # L2: reverse from the highest level down
        pairs = _reverse_at(pairs, level)
    for level, group in groupby(pairs, key=lambda pair: pair[1]):
        places = sorted(place for place, _ in group)
        yield "".join(text[place] for place in places), bool(level % 2)


def _reverse_at(pairs: list[tuple[int, int]], level: int) -> list[tuple[int, int]]:
    turned: list[tuple[int, int]] = []
    for is_in, group in groupby(pairs, key=lambda pair: pair[1] >= level):
        members = list(group)
        turned.extend(reversed(members) if is_in else members)
    return turned


def _levels(text: str, *, base_level: int) -> list[int]:
    storage = bidi.get_empty_storage()
    storage["base_level"], storage["base_dir"] = base_level, ("L", "R")[base_level]
    bidi.get_embedding_levels(text, storage)
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    return [int(character["level"]) for character in storage["chars"]]


def _make_run(run: Run, is_reversed: bool) -> ShapedRun:
    font = load_font(run.font)
    if run.shown or not (run.is_shaped or is_reversed):
        glyphs, widths = run.shown or run.text, font.face.charWidths
        width = sum(widths.get(ord(character), font.face.defaultWidth) for character in glyphs)
        return ShapedRun(run.text, glyphs, run.font, width, bool(run.shown))
    glyphs, width = _shape(run.text, run.font, is_reversed)
    # In the order of the paper, which is what readers expect to turn (`pdf`).
    text = run.text[::-1] if is_reversed else run.text
    return ShapedRun(text, glyphs, run.font, width, True)


@lru_cache(maxsize=20_000)
def _shape(text: str, font_name: str, is_reversed: bool) -> tuple[str, float]:
    font = load_font(font_name)
    shaper = _shaper(font_name)
    buffer = uharfbuzz.Buffer()
    buffer.cluster_level = uharfbuzz.BufferClusterLevel.MONOTONE_CHARACTERS
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if is_reversed else "ltr"
    uharfbuzz.shape(shaper, buffer, {"kern": True, "liga": True})
    characters: list[str] = []
    places: list[ShapeData] = []
    texts = _texts_of([info.cluster for info in buffer.glyph_infos], text)
    glyphs = zip(buffer.glyph_infos, buffer.glyph_positions, texts, strict=True)
    for info, place, actual_text in glyphs:
        code = _code_of(font_name, info.codepoint, actual_text)
        characters.append(chr(code))
        x_advance, y_advance, x_offset, y_offset = (
            font.pdfScale(value)
            for value in (place.x_advance, place.y_advance, place.x_offset, place.y_offset)
        )
        width = font.face.charWidths[code]
        places.append(ShapeData(info.cluster, x_advance, y_advance, x_offset, y_offset, width))
    shaped = ShapedStr("".join(characters), shapeData=places)
    return shaped, sum(place.x_advance for place in places)


def _texts_of(clusters: list[int], text: str) -> list[str]:
    """Return which characters each glyph stands for; the later ones of a cluster for none."""
    starts = sorted({*clusters, len(text)})
    ends = dict(pairwise(starts))
    seen: set[int] = set()
    texts: list[str] = []
    for cluster in clusters:
        texts.append("" if cluster in seen else text[cluster : ends[cluster]])
        seen.add(cluster)
    return texts


@lru_cache(maxsize=32)
def _shaper(font_name: str) -> uharfbuzz.Font:
    return load_font(font_name).hbFont(10)


@lru_cache(maxsize=20_000)
def _code_of(font_name: str, glyph: int, actual_text: str) -> int:
    """Return the character that draws the glyph: its own, or a private one that is read as
    `actual_text`."""
    font = load_font(font_name)
    if len(actual_text) == 1 and font.face.charToGlyph.get(ord(actual_text)) == glyph:
        return ord(actual_text)
    advance = font.pdfScale(_shaper(font_name).get_glyph_h_advance(glyph))
    return font.add_private(glyph, actual_text=actual_text, advance=advance)
