"""Lengths, as clocks show them."""

from django import template

register = template.Library()


@register.filter
def clock(length_ms: int) -> str:
    """Return "1:02:03", or "2:03" within the first hour."""
    minutes, seconds = divmod(length_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
