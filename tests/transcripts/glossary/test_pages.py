"""/account/glossary/: a term is added and removed; what is wrong is said on the page."""

import json

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.people import create_person
from transcripts.glossary.terms import SpokenTerm, list_terms, write_terms
from transcripts.user_data import export_user_data

pytestmark = pytest.mark.django_db
URL = "/account/glossary/"


@pytest.fixture
def ann() -> User:
    return create_person("ann@example.com").user


@pytest.fixture
def browser(ann: User) -> Client:
    client = Client()
    client.force_login(ann)
    return client


def test_a_term_is_added_and_removed(ann: User, browser: Client) -> None:
    assert "No terms yet" in browser.get(URL).content.decode()
    asked = {"text": "Žižkov", "misheard": "Zhizhkov, Jizhkov,", "tag": "city"}
    page = browser.post(URL, asked, follow=True).content.decode()

    assert "Term added." in page
    assert list_terms(ann) == [
        SpokenTerm(text="Žižkov", misheard=("Zhizhkov", "Jizhkov"), tag="city")
    ]
    page = browser.post(URL, {"remove": "Žižkov", "tag": "city"}, follow=True).content.decode()
    assert "Term removed." in page
    assert list_terms(ann) == []


@pytest.mark.parametrize("wrong", [{"text": ""}, {"text": "a,b"}, {"text": "Brno"}])
def test_what_can_not_be_a_term_is_refused_on_the_page(
    ann: User, browser: Client, wrong: dict[str, str]
) -> None:
    write_terms(ann, [SpokenTerm(text="Brno")])

    answer = browser.post(URL, wrong)

    assert answer.status_code == 200
    assert "aria-describedby" in answer.content.decode()
    assert [term.text for term in list_terms(ann)] == ["Brno"]


def test_it_needs_a_log_in(db: None) -> None:
    assert Client().get(URL).headers["Location"].startswith("/account/login/")


def test_it_is_part_of_what_a_person_takes_along(ann: User) -> None:
    write_terms(ann, [SpokenTerm(text="Brno", tag="city")])

    files = {file.name: file.content for file in export_user_data(ann)}

    assert json.loads(files["glossary.json"]) == [{"tag": "city", "text": "Brno", "misheard": []}]
