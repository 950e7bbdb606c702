"""Sizes as limits are set: in units of 1000, where Django's own filter counts in 1024."""

from django import template
from django.utils.formats import localize

register = template.Library()


@register.filter
def format_size(size_bytes: int) -> str:
    """Return "500 MB" or "2 GB"."""
    megabytes = size_bytes / 1_000_000
    if megabytes >= 1000:
        return f"{localize(round(megabytes / 1000, 1)).removesuffix('.0').removesuffix(',0')} GB"
    return f"{localize(round(megabytes))} MB"
