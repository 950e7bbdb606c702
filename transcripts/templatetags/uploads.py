"""`{% queue_texts as texts %}`: the sentences of the upload queue, which every page has."""

from typing import Any

from django import template

from transcripts.uploads.pages import render_queue_texts

register = template.Library()


@register.simple_tag
def queue_texts() -> dict[str, Any]:
    return render_queue_texts()
