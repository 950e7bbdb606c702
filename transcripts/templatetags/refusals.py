"""`{{ sentence|translate_refusal }}`: a stored refusal in the page's language."""

from django import template

from stt_web.core.refusals import translate_refusal

register = template.Library()
register.filter(translate_refusal)
