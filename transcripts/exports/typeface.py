"""A TrueType font of reportlab's whose glyphs map to the characters they stand for.

reportlab knows a glyph by a character. One without a character of its own (a joined Arabic letter)
gets a private one, which is what a reader would copy; here the font's `ToUnicode` table (ISO
32000-1, 9.10.3) names what was spelled instead.
"""

from reportlab.pdfbase.pdfdoc import PDFDocument
from reportlab.pdfbase.ttfonts import SUBSETN, TTFont

_FIRST_PRIVATE = 0xE000
_LAST_PRIVATE = 0xF8FF
# Of a glyph that stands for nothing beside its neighbour: invisible, and no text.
_NOTHING = "\u200b"


class Typeface(TTFont):  # type: ignore[misc]  # no stubs
    """Drawn with by one thread at a time (`pdf`)."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name, path)
        self._actual_texts: dict[int, str] = {}
        self._next_private = _FIRST_PRIVATE

    def add_private(self, glyph: int, *, actual_text: str, advance: float) -> int:
        """Return a private character that draws the glyph and is read as `actual_text`."""
        face = self.face
        while self._next_private in face.charToGlyph:
            self._next_private += 1
        code = self._next_private
        if code > _LAST_PRIVATE:  # thousands of joinings later: the glyph is drawn, and mute
            return int(face.glyphToChar[glyph][0]) if glyph in face.glyphToChar else 0x20
        self._actual_texts[code] = actual_text or _NOTHING
        face.charToGlyph[code] = glyph
        face.glyphToChar.setdefault(glyph, []).append(code)
        face.charWidths[code] = advance
        return code

    def addObjects(self, doc: PDFDocument) -> None:  # noqa: N802  # reportlab's name
        subsets = [list(subset) for subset in self.state[doc].subsets]
        super().addObjects(doc)
        for number, subset in enumerate(subsets):
            name = self._subset_name(number)
            stream = doc.idToObject[f"toUnicodeCMap:{name}"]
            for code in subset:
                if code in self._actual_texts or code > 0xFFFF:
                    actual_text = self._actual_texts.get(code, chr(code))
                    wanted = actual_text.encode("utf-16-be").hex().upper()
                    stream.content = stream.content.replace(f"<{code:04X}>", f"<{wanted}>")

    def _subset_name(self, number: int) -> str:
        name: bytes = SUBSETN(number) + b"+" + self.face.name + self.face.subfontNameX
        return name.decode("pdfdoc")
