"""Which day words name, counted from Wednesday, 18 November 2026."""

from datetime import date, timedelta

import pytest

from transcripts.intelligence.extractive.action_items import find_action_items
from transcripts.intelligence.extractive.due_dates import resolve_due
from transcripts.intelligence.source import read_text

RECORDED_ON = date(2026, 11, 18)
NONE = None

ENGLISH = {
    "today": "2026-11-18",
    "by tonight": "2026-11-18",
    "this afternoon": "2026-11-18",
    "by the end of the day": "2026-11-18",
    "tomorrow": "2026-11-19",
    "by tomorrow morning": "2026-11-19",
    "the day after tomorrow": "2026-11-20",
    "Friday": "2026-11-20",
    "by Friday": "2026-11-20",
    "on Monday": "2026-11-23",
    "this Friday": "2026-11-20",
    "before the coming Tuesday": "2026-11-24",
    "next Friday": "2026-11-27",
    "by next Monday": "2026-11-23",
    "next Wednesday": "2026-11-25",
    "in two weeks": "2026-12-02",
    "within 10 days": "2026-11-28",
    "in a week": "2026-11-25",
    "in three months": "2027-02-18",
    "by the end of the month": "2026-11-30",
    "end of this month": "2026-11-30",
    "by the end of next month": "2026-12-31",
    "by the end of the quarter": "2026-12-31",
    "by the end of the year": "2026-12-31",
    "by the end of March": "2027-03-31",
    "March 15": "2027-03-15",
    "on March the 15th": "2027-03-15",
    "by the 15th of December": "2026-12-15",
    "15 December 2027": "2027-12-15",
    "by December 1st, 2026": "2026-12-01",
    "the twenty-first of December": "2026-12-21",
    "by the fifteenth": "2026-12-15",
    "on the 20th": "2026-11-20",
    "2026-12-24": "2026-12-24",
    "by 2026-12-24": "2026-12-24",
    "24/12/2026": "2026-12-24",
    # More than one day, or none.
    "on Wednesday": NONE,
    "3/4/2027": NONE,
    "November 3": NONE,
    "by the end of the week": NONE,
    "next week": NONE,
    "two weeks": NONE,
    "a week": NONE,
    "this month": NONE,
    "in two hours": NONE,
    "as soon as possible": NONE,
    "after the meeting": NONE,
    "February 30": NONE,
    "2026-13-01": NONE,
    "by the 31st": NONE,
}
CZECH = {
    "dnes": "2026-11-18",
    "dnes večer": "2026-11-18",
    "do zítřka": "2026-11-19",
    "zítra": "2026-11-19",
    "zítra dopoledne": "2026-11-19",
    "pozítří": "2026-11-20",
    "do pátku": "2026-11-20",
    "v pátek": "2026-11-20",
    "tento pátek": "2026-11-20",
    "nejpozději do pondělí": "2026-11-23",
    "do úterka": "2026-11-24",
    "ve čtvrtek": "2026-11-19",
    "v neděli": "2026-11-22",
    "příští pátek": "2026-11-27",
    "do příštího pátku": "2026-11-27",
    "příští středu": "2026-11-25",
    "za týden": "2026-11-25",
    "do týdne": "2026-11-25",
    "za dva týdny": "2026-12-02",
    "za 14 dní": "2026-12-02",
    "do deseti dnů": "2026-11-28",
    "za měsíc": "2026-12-18",
    "do konce měsíce": "2026-11-30",
    "do konce příštího měsíce": "2026-12-31",
    "do konce roku": "2026-12-31",
    "do konce března": "2027-03-31",
    "15. března": "2027-03-15",
    "do 15. prosince": "2026-12-15",
    "15. března 2028": "2028-03-15",
    "patnáctého prosince": "2026-12-15",
    "dvacátého prvního prosince": "2026-12-21",
    "15. 12.": "2026-12-15",
    "do 15.12.": "2026-12-15",
    "1. 2. 2027": "2027-02-01",
    "do patnáctého": "2026-12-15",
    "do 20.": "2026-11-20",
    "2026-12-24": "2026-12-24",
    "ve středu": NONE,
    "do konce týdne": NONE,
    "příští týden": NONE,
    "dva týdny": NONE,
    "měsíce": NONE,
    "tento měsíc": NONE,
    "co nejdřív": NONE,
    "3. listopadu": NONE,
    "31. 2. 2027": NONE,
}


@pytest.mark.parametrize(("quote", "expected"), ENGLISH.items())
def test_english(quote: str, expected: str | None) -> None:
    found = resolve_due(quote, recorded_on=RECORDED_ON, language="en")

    assert (found and found.isoformat()) == expected


@pytest.mark.parametrize(("quote", "expected"), CZECH.items())
def test_czech(quote: str, expected: str | None) -> None:
    found = resolve_due(quote, recorded_on=RECORDED_ON, language="cs")

    assert (found and found.isoformat()) == expected


@pytest.mark.parametrize("days", range(60))
def test_a_day_is_never_before_the_recording(days: int) -> None:
    recorded_on = date(2027, 12, 1) + timedelta(days=days)
    for language, table in (("en", ENGLISH), ("cs", CZECH)):
        for quote in table:
            found = resolve_due(quote, recorded_on=recorded_on, language=language)
            is_dated = any(year in quote for year in ("2026", "2027", "2028"))
            assert found is None or found >= recorded_on or is_dated, (quote, recorded_on)


def test_other_languages_know_a_whole_date_only() -> None:
    assert resolve_due("2026-12-24", recorded_on=RECORDED_ON, language="de") == date(2026, 12, 24)
    assert resolve_due("bis Freitag", recorded_on=RECORDED_ON, language="de") is None


@pytest.mark.parametrize(
    ("text", "language", "due", "due_date"),
    [
        ("I will send the draft by Friday.", "en", "by Friday", "2026-11-20"),
        ("I'll call the school in a week.", "en", "in a week", "2026-11-25"),
        (
            "Please book the hall by December 1st, 2026.",
            "en",
            "by December 1st, 2026",
            "2026-12-01",
        ),
        ("Please pay it by 2026-12-24.", "en", "by 2026-12-24", "2026-12-24"),
        ("I will write it the day after tomorrow.", "en", "day after tomorrow", "2026-11-20"),
        ("I will finish it next week.", "en", "next week", None),
        ("Pošlu to do pátku.", "cs", "do pátku", "2026-11-20"),
        ("Prosím, zavolejte do konce měsíce.", "cs", "do konce měsíce", "2026-11-30"),
        ("Připravím návrh za dva týdny.", "cs", "za dva týdny", "2026-12-02"),
        ("Objednám to do 15. března 2027.", "cs", "do 15. března 2027", "2027-03-15"),
    ],
)
def test_a_tasks_date_is_quoted_and_counted_from_the_day_of_the_recording(
    text: str, language: str, due: str, due_date: str | None
) -> None:
    known = read_text(text, language=language, recorded_on=RECORDED_ON)
    unknown = read_text(text, language=language)

    (item,) = find_action_items(known)
    (undated,) = find_action_items(unknown)

    assert (item.due, item.as_json()["due_date"]) == (due, due_date)
    assert due in text
    assert (undated.due, undated.due_date) == (due, None)
