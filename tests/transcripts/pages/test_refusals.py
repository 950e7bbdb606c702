"""A page in another language than English has sentences of its own for the API's refusals."""

from django.utils import translation

from transcripts.pages.refusals import REFUSALS
from transcripts.pages.script_texts import COMMON, render_texts


def test_pages_in_other_languages_have_their_sentences_and_english_ones_the_apis() -> None:
    with translation.override("cs"):
        refusals = render_texts(COMMON)["refusals"]
    assert refusals.keys() == REFUSALS.keys()
    assert refusals["no_credits"] != str(REFUSALS["no_credits"])
    assert "{reason}" in refusals["invalid_value"]
    with translation.override("en"):
        assert render_texts(COMMON)["refusals"] == {}
