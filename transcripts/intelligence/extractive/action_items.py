"""Tasks that somebody takes, or is given: by cues, in English and Czech.

A task is quoted from its sentence. Its owner is the speaker who takes it, or whom the sentence
calls by name; its date is what the sentence says, and only the calendar date is computed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from transcripts.intelligence.extractive.cues import LANGUAGES
from transcripts.intelligence.extractive.due_dates import resolve_due
from transcripts.intelligence.source import Sentence, SourceText

_I = re.IGNORECASE
_TAKEN = {
    "en": re.compile(
        r"\bI(?:'ll| will| shall|'m going to| am going to|'ve got to)\b(?! (?:be (?:late|there"
        r"|back|off"
        r"|happy|glad)|never|not be|see you|have to go))|\blet me (?!(?:know|see|think|tell)\b)"
        r"|\bI can (?:do|take|send|write|call|check|ask|prepare|handle)\b",
        _I,
    ),
    "cs": re.compile(
        r"\b(?:zařídím|udělám|pošlu|zavolám|připravím|zjistím|domluvím|převezmu|napíšu|napíši"
        r"|ověřím"
        r"|objednám|zkontroluju|zkontroluji|vyřídím|dodám|doplním|opravím|sepíšu|sepíši|pozvu"
        r"|koupím"
        r"|zeptám|vezmu si|dám vědět|nachystám|upravím|zajistím|přinesu|podívám|najdu|rozešlu"
        r"|spočítám"
        r"|vytvořím|uspořádám|oslovím|nahlásím|odešlu|vyzvednu|projdu|proberu|probereme s)\b"
        r"|\b(?:já|mám) (?:to )?na starosti\b|\bbudu (?:muset|mít)\b",
        _I,
    ),
}
_GIVEN = {
    "en": re.compile(
        r"\bplease\b|\b(?:can|could|would|will) you (?!(?:all |still )?(?:hear|see|imagine"
        r"|believe|tell"
        r" me)\b)|\byou (?:need|have) to\b|\bsomebody (?:has|needs) to\b|\bsomeone (?:has"
        r"|needs) to\b"
        r"|\bmake sure\b|\bwe (?:need|have) to (?:send|write|call|fix|prepare|order|book|find|check"
        r"|tell|change)\b|\bmust be (?:sent|done|changed|fixed|ordered|paid)\b|\baction item\b"
        r"|\bto-?do\b",
        _I,
    ),
    "cs": re.compile(
        r"\bprosím(?: tě| vás)?\b|\bmusíte\b|\bmusíš\b|\bmohl(?:a)? bys|\bmohl[ia]? byste\b"
        r"|\bmůžeš\b"
        r"|\bmůžete\b(?! mě slyšet)|\bje (?:třeba|potřeba|nutné)\b|\bmusíme (?:změnit|poslat"
        r"|zavolat|najít"
        r"|objednat|připravit|zařídit|koupit|domluvit)\b|\bněkdo (?:musí|by měl)\b|\búkol\b"
        r"|\b(?:najdi|pošli|zavolej|připrav|napiš|zjisti|objednej|domluv|zařiď|pošlete|zavolejte"
        r"|připravte"
        r"|napište|zjistěte|objednejte|zkontrolujte|doplňte|nezapomeň(?:te)?)\b",
        _I,
    ),
}
# Somebody who is named will do it: "Peter will call the school."
_ASSIGNED = {
    "en": re.compile(
        r"\b(?!(?:It|This|That|There|He|She|They|We|You|Who|What|Which|And|But|Then|So)\b)"
        r"(?P<name>[A-Z][\w'-]+) (?:will|is going to|has to|needs to) (?:then |also )?"
        r"(?:arrange|ask|book|bring|buy|call|change|check|contact|draft|email|find|finish|fix"
        r"|handle|order|organi[sz]e|prepare|review|schedule|send|set up|share|tell|update|write)\b"
    ),
    "cs": re.compile(
        r"\b(?P<name>[A-ZÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ]\w+) (?:to |pak |ještě )?"
        r"(?:domluví|doplní|koupí|najde|napíše|objedná|opraví|ověří|pošle|přinese|připraví"
        r"|rozešle|sepíše|vyřídí|zajistí|zařídí|zavolá|zeptá se|zjistí|zkontroluje)\b"
    ),
}
# What looks like a task and is none.
_NONE = {
    "en": re.compile(
        r"\bI(?:'ll| will) be\b|^\W*(?:\w+\W+){0,2}please\W*\Z|\bcould we\b|\b(?:can|could|would"
        r"|will) you (?:all )?hear"
        r"|^\W*(?:yes|no|welcome|thank)\b.{0,25}\Z|\bplease (?:welcome|note|remember|sit|come in)\b"
        r"|\bif you\b.{0,40}\bplease\b\W*\Z",
        _I,
    ),
    "cs": re.compile(r"^\W*prosím\W*\Z|\bprosím,? (?:pojďte|posaďte|vítejte)|\bslyšíte\b", _I),
}
_CONFIRMED = {
    "en": re.compile(r"^\W*(?:sure|okay|ok|yes|yep|will do|of course|no problem|done|right)\b", _I),
    "cs": re.compile(r"^\W*(?:jasně|dobře|ano|jo|určitě|rozumím|samozřejmě|v pořádku)\b", _I),
}
_WEEKDAYS = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_MONTHS = (
    "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
_CZECH_MONTHS = (
    "(?:ledna|února|března|dubna|května|června|července|srpna|září|října|listopadu|prosince)"
)
_PART_OF_DAY = "(?: (?:morning|afternoon|evening))?"
_YEAR = r"(?:,? 20\d\d)?"
_ENGLISH_DUE = (
    rf"(?:end|beginning|middle) of (?:the |this |next )?(?:day|week|month|year|quarter|{_MONTHS})",
    rf"{_WEEKDAYS}{_PART_OF_DAY}",
    r"\d{4}-\d\d-\d\d",
    rf"day after tomorrow|tomorrow{_PART_OF_DAY}",
    "today|tonight|noon|midnight",
    "this (?:morning|afternoon|evening|week|month)",
    "next (?:week|month)",
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|[a-z]*(?:first|second|third|th)) (?:of )?{_MONTHS}{_YEAR}",
    rf"{_MONTHS} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?{_YEAR}",
    r"(?:\d+|two|three|four|five|six|ten) (?:hours|days|weeks|months)",
)
_CZECH_DUE = (
    "(?:konce|konci|začátek|začátku|půlky|poloviny) (?:(?:příštího|tohoto) )?"
    rf"(?:týdne|měsíce|roku|dne|{_CZECH_MONTHS})",
    "pondělí|pondělka|úterý|úterka|středy|středu|čtvrtka|čtvrtek|pátku|pátek|soboty|sobotu",
    "neděle|neděli|zítra|zítřka|pozítří|týdne|měsíce",
    "(?:dnes(?:ka)? |zítra )?(?:dopoledne|odpoledne|večer)|dnes(?:ka)?",
    "(?:příští|tento) (?:týden|měsíc)|příštího (?:týdne|měsíce)",
    rf"(?:\d{{1,2}}\.|\w+(?:ého|ího)) (?:\w+ého )?(?:{_CZECH_MONTHS}|\d{{1,2}}\.){_YEAR}",
    r"\d{1,2}\. ?\d{1,2}\.(?: ?20\d\d)?|\d{4}-\d\d-\d\d",
)
_DUE = {
    "en": re.compile(
        r"\b(?:(?:by|before|until|till|on|at|in|within|no later than) (?:the )?)?"
        rf"(?:(?:next|this|the coming) )?(?:{'|'.join(_ENGLISH_DUE)})\b"
        r"|\b(?:by|on|until|before) the [a-z-]*(?:first|second|third|th)\b"
        r"|\b(?:in|within) (?:an?|one) (?:hour|day|week|month)\b"
        r"|\b(?:right )?after the (?:meeting|call|lunch)\b|\bas soon as possible\b|\basap\b",
        _I,
    ),
    "cs": re.compile(
        r"\b(?:(?:do|nejpozději do|před|v|ve|na|od|během|příští|příštího|tento|tuto|toto) ){0,3}"
        rf"(?:{'|'.join(_CZECH_DUE)})(?!\w)|\bco nejdřív(?:e)?\b|\bhned po \w+"
        r"|\bza (?:\w+ )?(?:dny|dní|dnů|týdnů|týdny|týden|měsíce|měsíců|měsíc)\b",
        _I,
    ),
}
_STEM = 3  # letters of a name that a call must have, at least
_LONGEST_CONFIRMATION = 9
_LEAD = re.compile(
    r"^(?:(?:okay|ok|good|great|right|well|so|and|but|then|very good|noted|sure"
    r"|dobře|tak|takže|a|ale|výborně|děkuju|děkuji)\b[,.]? ?)+",
    _I,
)


@dataclass(frozen=True)
class ActionItem:
    """`task` and `due` are quoted from `sentence`, and `owner` is a speaker or a name in it.
    `due_date`: the day that `due` names, counted from the recording's."""

    task: str
    owner: str | None
    due: str | None
    sentence: Sentence
    due_date: date | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "owner": self.owner,
            "due": self.due,
            "due_date": self.due_date.isoformat() if self.due_date is not None else None,
            "evidence": self.sentence.as_evidence(),
        }


def find_action_items(source: SourceText) -> list[ActionItem]:
    """Return the tasks in the text's order; none in a language without cues."""
    if source.language not in LANGUAGES:
        return []
    items: list[ActionItem] = []
    last_place = -2
    for place, sentence in enumerate(source.sentences):
        is_next = place == last_place + 1
        found = _read(sentence, source)
        if found:
            if is_next and items[-1].owner is None and found[0].owner is not None:
                items.pop()  # asked for, and taken in the next sentence
            items += found
            last_place = place
        elif is_next and _confirms(sentence, items[-1], source.language):
            items[-1] = _merge(items[-1], sentence, source.language)
            last_place = place
    return [_date(item, source) for item in items]


def _date(item: ActionItem, source: SourceText) -> ActionItem:
    if item.due is None or source.recorded_on is None:
        return item
    due_date = resolve_due(item.due, recorded_on=source.recorded_on, language=source.language)
    return replace(item, due_date=due_date)


def _read(sentence: Sentence, source: SourceText) -> list[ActionItem]:
    language, text = source.language, " ".join(sentence.text.split())
    if _NONE[language].search(text) or sentence.words < 3:
        return []
    taken, given = _TAKEN[language].search(text), _GIVEN[language].search(text)
    if taken is not None and sentence.is_question:
        return []
    if taken is not None and given is not None and given.start() < taken.start():
        comma = text.rfind(", ", given.end(), taken.start())
        if comma > 0:
            return [
                _item(text[:comma], sentence, source, is_taken=False),
                _item(text[comma + 2 :], sentence, source, is_taken=True),
            ]
    if taken is not None or given is not None:
        return [_item(text, sentence, source, is_taken=taken is not None)]
    assigned = _ASSIGNED[language].search(text)
    if assigned is None or sentence.is_question:
        return []
    item = _item(text, sentence, source, is_taken=False)
    return [replace(item, owner=item.owner or assigned["name"])]


def _item(clause: str, sentence: Sentence, source: SourceText, *, is_taken: bool) -> ActionItem:
    addressed = _find_addressee(clause, sentence.speaker, source.speakers)
    owner = sentence.speaker if is_taken else addressed
    due = find_due(clause, source.language)
    return ActionItem(_quote_task(clause, addressed), owner, due, sentence)


def _quote_task(clause: str, addressed: str | None) -> str:
    """Return the clause without what leads to it: "Okay.", the name of who is addressed."""
    lead = _LEAD.match(clause)
    task = clause[lead.end() :] if lead else clause
    if addressed is not None:
        task = re.sub(rf"^(?:.*[.!?] )?{re.escape(addressed[: _STEM - 1])}\w*, ", "", task)
    return task.rstrip(".!? ") or clause


def find_due(text: str, language: str) -> str | None:
    """Return by when, as the text says it; None where it says nothing, or the rules don't see"
    " it."""
    pattern = _DUE.get(language)
    match = pattern.search(text) if pattern is not None else None
    return match.group().strip() if match else None


def _find_addressee(clause: str, speaker: str | None, speakers: Iterable[str]) -> str | None:
    """Return the speaker whom the clause calls by name, in whichever case."""
    plain = fold_accents(clause)
    for name in speakers:
        first = fold_accents(name.split()[0])
        # The vocative of Marek is Marku, of Petr Petře, of Jana Jano.
        stem = re.sub(r"(?:[aeiouy]|e([klc]))$", r"\1", first)
        called = (
            rf"(?:^|[.,;!?] ){re.escape(stem)}\w{{0,3}}(?=[,!?]|$)|, {re.escape(stem)}\w{{0,3}}$"
        )
        if len(stem) >= _STEM - 1 and name != speaker and re.search(called, plain.rstrip(".!? ")):
            return name
    return None


def fold_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _confirms(sentence: Sentence, item: ActionItem, language: str) -> bool:
    """Whether another speaker says "Sure, by Friday" to a task that was just given."""
    is_other = sentence.speaker is not None and sentence.speaker != item.sentence.speaker
    is_short = sentence.words <= _LONGEST_CONFIRMATION
    return is_other and is_short and _CONFIRMED[language].match(sentence.text) is not None


def _merge(item: ActionItem, sentence: Sentence, language: str) -> ActionItem:
    due = item.due or find_due(sentence.text, language)
    return replace(item, owner=item.owner or sentence.speaker, due=due)
