"""An invoice as PDF: one page of A4, its text selectable, in a font for all of Europe."""

from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from pathlib import Path

from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from billing.models import Invoice, InvoiceKind
from billing.money import format_amount

_FONTS = Path(__file__).resolve().parents[1] / "fonts"
_REGULAR, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_LEFT, _RIGHT, _TOP = 56, A4[0] - 56, A4[1] - 70  # points; the origin is below, on the left
_MIDDLE = A4[0] / 2
_MOST_CHARACTERS = 46  # of a line in half the page


def render_invoice(invoice: Invoice) -> bytes:
    """Return the document as PDF, in its own language; the same bytes each time."""
    with translation.override(invoice.language):
        return _render(invoice)


def _render(invoice: Invoice) -> bytes:
    _load_fonts()
    target = BytesIO()
    page = Canvas(target, pagesize=A4, invariant=1)
    page.setTitle(f"{_title_of(invoice)} {invoice.number}")
    page.setAuthor(invoice.seller["name"])
    _write(page, f"{_title_of(invoice)} {invoice.number}", at=(_LEFT, _TOP), bold=True, size=18)
    below = _TOP - 44
    ends = [
        _write_party(page, _("Seller"), _lines_of_seller(invoice), at=(_LEFT, below)),
        _write_party(page, _("Buyer"), _lines_of_buyer(invoice), at=(_MIDDLE, below)),
    ]
    after_facts = _write_facts(page, invoice, top=min(ends) - 20)
    _write_amounts(page, invoice, top=after_facts - 26)
    page.showPage()
    page.save()
    return target.getvalue()


def _title_of(invoice: Invoice) -> str:
    titles = {
        InvoiceKind.INVOICE: _("Invoice"),
        InvoiceKind.RECEIPT: _("Receipt"),
        InvoiceKind.CREDIT_NOTE: _("Credit note"),
    }
    return titles[InvoiceKind(invoice.kind)]


def _lines_of_seller(invoice: Invoice) -> list[str]:
    seller = invoice.seller
    vat_id = [_("VAT ID: %(id)s") % {"id": seller["vat_id"]}] if seller["vat_id"] else []
    return [seller["name"], *seller["address"].splitlines(), *vat_id]


def _lines_of_buyer(invoice: Invoice) -> list[str]:
    buyer = invoice.buyer
    return [buyer["name"], *buyer["address"].splitlines(), buyer["email"]]


def _write_party(page: Canvas, heading: str, lines: list[str], *, at: tuple[float, float]) -> float:
    """Write a party's name and address; return how far down that reaches."""
    left, below = at
    _write(page, heading, at=(left, below), size=9)
    for line in filter(None, lines):
        below -= 15
        _write(page, _shorten(line), at=(left, below))
    return below


def _write_facts(page: Canvas, invoice: Invoice, *, top: float) -> float:
    facts = [
        (_("Issued on"), date_format(invoice.issued_at, "DATE_FORMAT")),
        (_("Paid on"), date_format(invoice.paid_at, "DATE_FORMAT")),
        (_("Payment"), invoice.payment.reference),
    ]
    if invoice.corrects:
        facts.append((_("Corrects"), invoice.corrects))
    for number, (name, value) in enumerate(facts):
        _write(page, name, at=(_LEFT, top - 15 * number), size=9)
        _write(page, value, at=(_LEFT + 110, top - 15 * number))
    return top - 15 * len(facts)


def _write_amounts(page: Canvas, invoice: Invoice, *, top: float) -> None:
    page.line(_LEFT, top + 18, _RIGHT, top + 18)
    rows = [(invoice.description, invoice.amount_cents, False), *_vat_rows(invoice)]
    total = _("Refunded") if invoice.kind == InvoiceKind.CREDIT_NOTE else _("Total, paid")
    rows.append((total, invoice.amount_cents, True))
    for number, (name, cents, is_total) in enumerate(rows):
        below = top - 20 * number - (8 if is_total else 0)
        _write(page, name[:80], at=(_LEFT, below), bold=is_total)
        _write(
            page, _money(cents, invoice.currency), at=(_RIGHT, below), bold=is_total, is_right=True
        )


def _vat_rows(invoice: Invoice) -> list[tuple[str, int, bool]]:
    """What of the price is VAT; nothing where the seller doesn't charge any."""
    if not invoice.vat_percent:
        return []
    net = Decimal(invoice.amount_cents) * 100 / (100 + invoice.vat_percent)
    net_cents = int(net.quantize(Decimal(1), ROUND_HALF_UP))
    percent = number_format(invoice.vat_percent.normalize())
    return [
        (_("Without VAT"), net_cents, False),
        (_("VAT %(percent)s %%") % {"percent": percent}, invoice.amount_cents - net_cents, False),
    ]


def _money(cents: int, currency: str) -> str:
    return f"{format_amount(cents, currency)} {currency}"


def _shorten(line: str) -> str:
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"


def _write(
    page: Canvas,
    text: str,
    *,
    at: tuple[float, float],
    bold: bool = False,
    size: int = 10,
    is_right: bool = False,
) -> None:
    page.setFont(_BOLD if bold else _REGULAR, size)
    (page.drawRightString if is_right else page.drawString)(*at, text)


def _load_fonts() -> None:
    """Once in a process: reading a font takes 50 ms."""
    known = pdfmetrics.getRegisteredFontNames()
    for name in (_REGULAR, _BOLD):
        if name not in known:
            pdfmetrics.registerFont(TTFont(name, str(_FONTS / f"{name}.ttf")))
