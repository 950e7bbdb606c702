"""The structure of a tagged PDF (ISO 32000-1, 14.7 and 14.8): what is a heading, what a paragraph,
and in which order they are read, for those who listen to a document. reportlab has none of it.

Marked sections of content follow each other and are never nested: poppler 22 loses what follows a
nested one. What stands around the text is an artifact.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFObject, PDFPage
from reportlab.pdfgen.canvas import Canvas

_PAGE_KEYS = [*PDFPage.__NoDefault__, "StructParents", "Tabs"]


class _Literal(PDFObject):  # type: ignore[misc]  # no stubs
    """A value written as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def format(self, _: object) -> bytes:
        return self._text.encode("ascii")


@dataclass
class _Element:
    """One that is being drawn."""

    kind: str
    reference: Any
    kids: list[Any] = field(default_factory=list)
    is_marked: bool = False


class StructureTree:
    """Of one document on its way. Its owner ends pages in `page_end` and nowhere else."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._document = canvas._doc
        self._root = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        self._body = PDFDictionary({"Type": PDFName("StructElem"), "S": PDFName("Document")})
        self._body["P"] = self._document.Reference(self._root)
        self._body_reference = self._document.Reference(self._body)
        self._elements: list[Any] = []
        self._open: _Element | None = None
        self._of_this_page: list[Any] = []  # the element of each marked section
        self._of_pages: list[list[Any]] = []

    @contextlib.contextmanager
    def element(self, kind: str, *, actual_text: str = "") -> Iterator[None]:
        """What is drawn inside is one element, of a standard structure type (14.8.4).
        `actual_text`: how it is read, where the page has it in another order."""
        values = {"Type": PDFName("StructElem"), "S": PDFName(kind), "P": self._body_reference}
        if actual_text:
            values["ActualText"] = _Literal(f"<{as_hex(actual_text)}>")
        element = PDFDictionary(values)
        self._open = _Element(kind, self._document.Reference(element))
        yield
        self._end_marked()
        if self._open.kids:
            element["K"] = PDFArray(self._open.kids)
        self._elements.append(self._open.reference)
        self._open = None

    @contextlib.contextmanager
    def marked(self, actual_text: str = "") -> Iterator[None]:
        """What is drawn inside belongs to the open element, and is copied as `actual_text`."""
        if not actual_text:
            if self._open is not None and not self._open.is_marked:
                self._begin_marked(self._open, self._open.kind)
                self._open.is_marked = True
            yield
            return
        self._end_marked()
        property_list = f"/ActualText <{as_hex(actual_text)}>"
        if self._open is not None:
            self._begin_marked(self._open, "Span", property_list)
        else:
            self._canvas.addLiteral(f"/Span <<{property_list}>> BDC")
        yield
        self._canvas.addLiteral("EMC")

    @contextlib.contextmanager
    def page_end(self) -> Iterator[None]:
        """What is drawn inside is the page's foot; then the page is over, and an element that
        is open goes on on the next."""
        self._end_marked()
        interrupted, self._open = self._open, None
        self._canvas.addLiteral("/Artifact <</Type /Pagination>> BDC")
        yield
        self._canvas.addLiteral("EMC")
        self._open = interrupted
        name = self._document.thisPageName()
        self._canvas.showPage()
        page = self._document.idToObject[name]
        page.__NoDefault__ = _PAGE_KEYS
        page.StructParents, page.Tabs = len(self._of_pages), PDFName("S")
        self._of_pages.append(self._of_this_page)
        self._of_this_page = []

    def save(self) -> None:
        """Put the tree into the document, which is complete."""
        numbers: list[Any] = []
        for number, elements in enumerate(self._of_pages):
            numbers += [number, PDFArray(elements)]
        self._body["K"] = PDFArray(self._elements)
        self._root["K"] = self._body_reference
        self._root["ParentTree"] = PDFDictionary({"Nums": PDFArray(numbers)})
        self._root["ParentTreeNextKey"] = len(self._of_pages)
        self._document.Catalog.StructTreeRoot = self._root
        self._document.Catalog.MarkInfo = PDFDictionary({"Marked": _Literal("true")})

    def _begin_marked(self, element: _Element, kind: str, properties: str = "") -> None:
        number = len(self._of_this_page)
        self._of_this_page.append(element.reference)
        page = self._document.thisPageRef()
        reference = {"Type": PDFName("MCR"), "Pg": page, "MCID": number}
        element.kids.append(PDFDictionary(reference))
        self._canvas.addLiteral(f"/{kind} <</MCID {number} {properties}>> BDC")

    def _end_marked(self) -> None:
        if self._open is not None and self._open.is_marked:
            self._canvas.addLiteral("EMC")
            self._open.is_marked = False


def as_hex(text: str) -> str:
    """Return a text string (7.9.2.2) in hexadecimal."""
    return (b"\xfe\xff" + text.encode("utf-16-be")).hex()
