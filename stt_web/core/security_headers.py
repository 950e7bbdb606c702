"""The security headers of every answer, written once.

Pages have no inline script or style and load nothing from elsewhere, so that text which someone
smuggles into a page stays text. A page that needs an exception (a renderer that writes styles of
its own) takes the request's nonce, `{{ csp_nonce }}`: only then the policy names one.
"""

import secrets
from collections.abc import Mapping

from django.conf import settings

Header = tuple[bytes, bytes]
NONCE = "stt.csp_nonce"  # the scope's key

_FIXED: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    # The microphone for the live page, and a tab's sound for recordings; what no page of ours
    # needs, no page gets.
    (
        b"permissions-policy",
        b"microphone=(self), camera=(), geolocation=(), payment=(), usb=(), serial=(),"
        b" midi=(), display-capture=(self), browsing-topics=()",
    ),
]
# A form on our pages leads to Stripe by a redirect, which browsers check, too.
_FORM_TARGETS = ("https://checkout.stripe.com", "https://billing.stripe.com")
_HSTS: Header = (b"strict-transport-security", b"max-age=31536000")


class Nonce:
    """A request's nonce, made when a page first asks for it."""

    def __init__(self) -> None:
        self.value = ""

    def __str__(self) -> str:
        self.value = self.value or secrets.token_urlsafe(16)
        return self.value


def fixed_headers() -> list[Header]:
    """Return what every answer has, from every layer."""
    return list(_FIXED)


def security_headers(*, is_tls: bool, nonce: str = "") -> list[Header]:
    """Return all headers of an answer of ours. `nonce`: empty where the page uses none."""
    policy = (b"content-security-policy", content_security_policy(nonce).encode())
    return [*_FIXED, policy, *([_HSTS] if is_tls else [])]


def content_security_policy(nonce: str = "") -> str:
    """Return the one policy of all pages (CSP level 3)."""
    own = "'self'"
    with_nonce = f"{own} 'nonce-{nonce}'" if nonce else own
    storage = settings.STORAGE_ORIGIN  # where recordings are fetched from; empty: from us
    directives: Mapping[str, str] = {
        "default-src": "'none'",
        "script-src": with_nonce,
        "style-src": with_nonce,
        "connect-src": f"{own} {storage}",
        "font-src": own,
        "worker-src": own,
        "manifest-src": own,
        "img-src": f"{own} data:",
        "media-src": f"{own} blob: {storage}",
        "form-action": " ".join((own, *_FORM_TARGETS)),
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in directives.items())
