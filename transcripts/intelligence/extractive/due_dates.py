"""The calendar date that words such as "by next Friday" or "do pátku" name, by rules.

Counted from the day on which it was said. What may mean two days ("by Friday", said on a Friday;
"the end of the week"; "3/4") is none: no date is better than a wrong one.
"""

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from re import Match

_I = re.IGNORECASE
# A day that has just gone by may be meant as the one a year later, or be the past.
_DOUBT = timedelta(days=90)
_YEARS = range(2000, 2100)

_WEEKDAYS = {
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "cs": (
        "pondělí|pondělka|pondělku",
        "úterý|úterka|úterku",
        "středa|středy|středu",
        "čtvrtek|čtvrtka|čtvrtku",
        "pátek|pátku",
        "sobota|soboty|sobotu",
        "neděle|neděli",
    ),
}
_MONTHS = {
    "en": (
        "january|jan", "february|feb", "march|mar", "april|apr", "may", "june|jun", "july|jul",
        "august|aug", "september|sept?", "october|oct", "november|nov", "december|dec",
    ),
    "cs": (
        "leden|ledna|lednu", "únor|února|únoru", "březen|března|březnu", "duben|dubna|dubnu",
        "květen|května|květnu", "červen|června|červnu", "červenec|července|červenci",
        "srpen|srpna|srpnu", "září", "říjen|října|říjnu", "listopad|listopadu",
        "prosinec|prosince|prosinci",
    ),
}  # fmt: skip
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "fourteen": 14, "": 1, "jeden": 1, "dva": 2, "dvě": 2,
    "tři": 3, "čtyři": 4, "pět": 5, "šest": 6, "sedm": 7, "osm": 8, "devět": 9, "deset": 10,
    "čtrnáct": 14, "dvou": 2, "tří": 3, "čtyř": 4, "pěti": 5, "šesti": 6, "sedmi": 7, "deseti": 10,
    "čtrnácti": 14,
}  # fmt: skip
_ENGLISH_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third",
    "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh", "twenty-eighth",
    "twenty-ninth", "thirtieth", "thirty-first",
)  # fmt: skip
_CZECH_ORDINALS = (
    "prvního", "druhého", "třetího", "čtvrtého", "pátého", "šestého", "sedmého", "osmého",
    "devátého", "desátého", "jedenáctého", "dvanáctého", "třináctého", "čtrnáctého", "patnáctého",
    "šestnáctého", "sedmnáctého", "osmnáctého", "devatenáctého", "dvacátého", "dvacátého prvního",
    "dvacátého druhého", "dvacátého třetího", "dvacátého čtvrtého", "dvacátého pátého",
    "dvacátého šestého", "dvacátého sedmého", "dvacátého osmého", "dvacátého devátého",
    "třicátého", "třicátého prvního",
)  # fmt: skip
_DAY_WORDS = {
    word: number
    for words in (_ENGLISH_ORDINALS, _CZECH_ORDINALS)
    for number, word in enumerate(words, 1)
}


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(sorted("|".join(words).split("|"), key=len, reverse=True))


_NUMBER = rf"(?P<count>\d{{1,3}}|{_any_of(tuple(filter(None, _COUNTS)))})"
_ENGLISH_DAY = (
    rf"(?P<day>\d{{1,2}}(?:st|nd|rd|th)?|{_any_of(_ENGLISH_ORDINALS).replace('-', '[- ]')})"
)
_CZECH_DAY = rf"(?P<day>\d{{1,2}}\.|{_any_of(_CZECH_ORDINALS)})"
_YEAR = r"(?:,? ?(?:in )?(?P<year>20\d\d))?"
_EN_WEEKDAY = rf"(?P<weekday>{_any_of(_WEEKDAYS['en'])})"
_CS_WEEKDAY = rf"(?P<weekday>{_any_of(_WEEKDAYS['cs'])})"
_EN_MONTH = rf"(?P<month>{_any_of(_MONTHS['en'])})"
_CS_MONTH = rf"(?P<month>{_any_of(_MONTHS['cs'])})"

Resolve = Callable[[Match[str], date], date | None]


def _after(days: int) -> Resolve:
    return lambda match, recorded_on: recorded_on + timedelta(days=days)


def _coming_weekday(match: Match[str], recorded_on: date) -> date | None:
    """The next one; none where it is said on that very day: this one, or the next?"""
    ahead = (_weekday_of(match) - recorded_on.weekday()) % 7
    return recorded_on + timedelta(days=ahead) if ahead else None


def _next_weeks_day(match: Match[str], recorded_on: date) -> date | None:
    monday = recorded_on - timedelta(days=recorded_on.weekday())
    return monday + timedelta(days=7 + _weekday_of(match))


def _counted(unit: str) -> Resolve:
    def resolve(match: Match[str], recorded_on: date) -> date | None:
        counted = match.groupdict().get("count") or ""
        count = int(counted) if counted.isdecimal() else _COUNTS[counted.lower()]
        if unit == "month":
            return _add_months(recorded_on, count)
        return recorded_on + timedelta(days=count * (7 if unit == "week" else 1))

    return resolve


def _end_of_month(months: int) -> Resolve:
    def resolve(match: Match[str], recorded_on: date) -> date | None:
        return _last_day(_add_months(recorded_on.replace(day=1), months))

    return resolve


def _end_of_named_month(match: Match[str], recorded_on: date) -> date | None:
    year = _read_year(match) or recorded_on.year + (_month_of(match) < recorded_on.month)
    return _last_day(date(year, _month_of(match), 1))


def _end_of_quarter(match: Match[str], recorded_on: date) -> date | None:
    return _last_day(date(recorded_on.year, (recorded_on.month + 2) // 3 * 3, 1))


def _end_of_year(match: Match[str], recorded_on: date) -> date | None:
    return date(recorded_on.year, 12, 31)


def _whole(match: Match[str], recorded_on: date) -> date | None:
    return _make(int(match["year"]), int(match["month"]), int(match["day"]))


def _slashed(match: Match[str], recorded_on: date) -> date | None:
    """Which of the two is the month is known only where one can't be."""
    first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
    if first > 12 >= second:
        return _make(year, second, first)
    return _make(year, first, second) if second > 12 >= first else None


def _day_and_month(match: Match[str], recorded_on: date) -> date | None:
    return _nearest(recorded_on, _month_of(match), _day_of(match), _read_year(match))


def _day_of_month(match: Match[str], recorded_on: date) -> date | None:
    """Of this month, or of the next where that day has gone by."""
    day = _day_of(match)
    month = recorded_on if day >= recorded_on.day else _add_months(recorded_on.replace(day=1), 1)
    return _make(month.year, month.month, day)


_ISO = (r"(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)", _whole)
_RULES: dict[str, tuple[tuple[str, Resolve], ...]] = {
    "en": (
        _ISO,
        (r"(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>20\d\d)", _slashed),
        (rf"(?:the )?{_ENGLISH_DAY} (?:of )?{_EN_MONTH}\b{_YEAR}", _day_and_month),
        (rf"{_EN_MONTH} (?:the )?{_ENGLISH_DAY}{_YEAR}", _day_and_month),
        (r"(?:the )?day after tomorrow", _after(2)),
        (r"tomorrow(?: (?:morning|afternoon|evening|night))?", _after(1)),
        (
            r"today|tonight|this (?:morning|afternoon|evening)|(?:the )?end of (?:the )?day",
            _after(0),
        ),
        (r"(?:the )?end of next month", _end_of_month(1)),
        (r"(?:the )?end of (?:the|this) month", _end_of_month(0)),
        (r"(?:the )?end of (?:the|this) quarter", _end_of_quarter),
        (r"(?:the )?end of (?:the|this) year", _end_of_year),
        (rf"(?:the )?end of {_EN_MONTH}{_YEAR}", _end_of_named_month),
        (rf"next {_EN_WEEKDAY}", _next_weeks_day),
        (rf"(?:this |(?:the )?coming )?{_EN_WEEKDAY}", _coming_weekday),
        (rf"(?:in|within) {_NUMBER} days?", _counted("day")),
        (rf"(?:in|within) {_NUMBER} weeks?", _counted("week")),
        (rf"(?:in|within) {_NUMBER} months?", _counted("month")),
        (rf"the {_ENGLISH_DAY}", _day_of_month),
    ),
    "cs": (
        _ISO,
        (r"(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>20\d\d)", _whole),
        (r"(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\.", _day_and_month),
        (rf"{_CZECH_DAY} ?{_CS_MONTH}{_YEAR}", _day_and_month),
        (r"pozítří|pozítřku", _after(2)),
        (r"(?:zítra|zítřka|zítřku)(?: (?:ráno|dopoledne|odpoledne|večer))?", _after(1)),
        (r"dnes(?:ka|ku)?(?: (?:ráno|dopoledne|odpoledne|večer))?", _after(0)),
        (r"(?:konce|konci|konec) příštího měsíce", _end_of_month(1)),
        (r"(?:konce|konci|konec) (?:tohoto |tohohle )?měsíce", _end_of_month(0)),
        (r"(?:konce|konci|konec) (?:tohoto )?(?:čtvrtletí|kvartálu)", _end_of_quarter),
        (r"(?:konce|konci|konec) (?:tohoto )?roku", _end_of_year),
        (rf"(?:konce|konci|konec) {_CS_MONTH}{_YEAR}", _end_of_named_month),
        (rf"příští(?:ho|mu)? {_CS_WEEKDAY}", _next_weeks_day),
        (rf"(?:(?:tento|tuto|toto|tohoto|této|tenhle) )?{_CS_WEEKDAY}", _coming_weekday),
        (rf"(?:za|do|během) (?:{_NUMBER} )?(?:den|dny|dní|dnů|dne)", _counted("day")),
        (rf"(?:za|do|během) (?:{_NUMBER} )?(?:týden|týdny|týdnů|týdne)", _counted("week")),
        (rf"(?:za|do|během) (?:{_NUMBER} )?(?:měsíc|měsíce|měsíců)", _counted("month")),
        (_CZECH_DAY.replace(r"\.|", r"\.(?! ?\d)|"), _day_of_month),
    ),
}
_LEADS = {
    "en": r"(?:(?:no later than|by|before|until|till|on|at|in|within|for|right|from) )*",
    "cs": r"(?:(?:nejpozději|už|do|před|v|ve|na|od|během|za|k|ke) )*",
}
_TABLE = {
    language: [
        (re.compile(rf"{_LEADS[language]}(?:{pattern})[.,]?", _I), resolve)
        for pattern, resolve in rules
    ]
    for language, rules in _RULES.items()
}


def resolve_due(quote: str, *, recorded_on: date, language: str) -> date | None:
    """Return the day that the words of a text name; None where they name none, or more than one.

    language: ISO 639-1; there are rules for English and Czech.
    """
    text = " ".join(quote.split())
    for pattern, resolve in _TABLE.get(language, _TABLE["en"][:1]):
        match = pattern.fullmatch(text)
        if match is not None:
            return resolve(match, recorded_on)
    return None


def _nearest(recorded_on: date, month: int, day: int, year: int | None) -> date | None:
    """Return the next such day; none where it was a short while ago, and may be meant."""
    if year is not None:
        return _make(year, month, day)
    this_year = _make(recorded_on.year, month, day)
    if this_year is None or this_year >= recorded_on:
        return this_year
    return None if recorded_on - this_year < _DOUBT else _make(recorded_on.year + 1, month, day)


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _add_months(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _last_day(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _weekday_of(match: Match[str]) -> int:
    return _place_of(match["weekday"], _WEEKDAYS)


def _month_of(match: Match[str]) -> int:
    month = match["month"]
    return int(month) if month.isdecimal() else _place_of(month, _MONTHS) + 1


def _place_of(word: str, names: Mapping[str, tuple[str, ...]]) -> int:
    return next(
        place
        for forms in names.values()
        for place, form in enumerate(forms)
        if re.fullmatch(form, word, _I)
    )


def _day_of(match: Match[str]) -> int:
    day = match["day"].lower().replace("-", " ")
    digits = re.match(r"\d+", day)
    if digits:
        return int(digits.group())
    return next(number for word, number in _DAY_WORDS.items() if word.replace("-", " ") == day)


def _read_year(match: Match[str]) -> int | None:
    year = match.groupdict().get("year")
    return int(year) if year else None
