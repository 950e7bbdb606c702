"""What English and Czech say when they greet, decide, ask for something or change the subject.

Other languages have no such rules: what needs them finds nothing there, and says so.
"""

import re
from functools import lru_cache

import stop_words

LANGUAGES = ("en", "cs")
_I = re.IGNORECASE

_COURTESIES = {
    "en": re.compile(
        r"\bgood (?:morning|afternoon|evening|bye)|\bgoodbye\b|\bhello\b|\bwelcome\b|\bthank(?:s"
        r"| you)"
        r"|\bhave a (?:nice|good|great)|\bsee you\b|\bthat'?s all\b|\bcan you (?:all )?hear\b"
        r"|\bhow are you\b|\bmuted?\b|\bshall we (?:start|begin)|\blet'?s (?:start|begin|go on)\b",
        _I,
    ),
    "cs": re.compile(
        r"\bdobr[ýéo][ u]*(?:den|ráno|jitro|večer|odpoledne)|\bahoj\b|\bvítejte\b|\bvítám\b|\bděkuj"
        r"|\bdíky\b|\bhezk[ýéo]|\bpěkn[ýéo] (?:den|víkend|týden)|\bna shledanou|\btím končíme"
        r"|\bto je (?:dnes )?vše|\bslyšíte mě|\bjak se máte|\bzačneme\b|\bnaslyšenou",
        _I,
    ),
}
_DECISIONS = {
    "en": re.compile(
        r"\bwe (?:have |'ve )?(?:now )?(?:decide|agree)|\bagreed\b|\bdecided?\b|\bdecision\b"
        r"|\bit is settled|\bwe(?:'ll| will) go with|\bapproved\b|\blet'?s do\b|\bso be it\b",
        _I,
    ),
    "cs": re.compile(
        r"\brozhod|\bdohod(?:li|neme|nuto)|\bschvál|\bplatí\b|\bodsouhlas|\bposuneme\b|\bshodli"
        r"|\buděláme to\b|\btakže (?:bude|budeme)",
        _I,
    ),
}
_NEXT_TOPICS = {
    "en": re.compile(
        r"\b(?:first|second|third|fourth|next|last|another|other) (?:topic|point|item|thing"
        r"|question"
        r"|subject|agenda)|\bthat brings us to|\blet'?s (?:begin|start|move|turn|talk|go)\b"
        r"|\bmoving on|\b(?:now|today|next),? (?:we|let'?s) (?:turn|talk|come|look|move)"
        r"|\banything else\b|\bby the way\b|\band (?:a|one) (?:nice|last|final|more) thing"
        r"|\balso,? the\b|\bnow,? (?:what|how|why)\b|^(?:how|why|what) (?:do|does|is|are) we\b"
        r"|\bfor next (?:week|time)\b|\bto sum up\b",
        _I,
    ),
    "cs": re.compile(
        r"\b(?:první|druhý|třetí|čtvrtý|pátý|další|poslední|jiný) (?:bod|téma|otázka|věc)"
        r"|\bpojďme (?:na|k|dál)|\bzačneme\b|\bpřejdeme\b|\bdál(?:e)? (?:tu )?máme"
        r"|\bještě (?:jedna|bych)"
        r"|\ba ještě\b|\bteď (?:k|něco)|\bdalším bodem|\bpokud jde o\b|\bco se týče\b|\bna závěr\b"
        r"|\bpřesuňme se",
        _I,
    ),
}
HEADINGS = {
    "en": {
        "summary": "Summary",
        "decisions": "Decisions",
        "actions": "Action items",
        "questions": "Open questions",
        "topics": "Topics",
        "chapters": "Chapters",
        "quotes": "Quotes",
        "links": "Links",
        "terms": "Key terms",
        "points": "Key points",
        "review": "Review questions",
        "speakers": "Participants",
        "owner": "owner",
        "due": "due",
        "answer": "Answer",
        "no_actions": "The text has no action items.",
    },
    "cs": {
        "summary": "Shrnutí",
        "decisions": "Rozhodnutí",
        "actions": "Úkoly",
        "questions": "Otevřené otázky",
        "topics": "Témata",
        "chapters": "Kapitoly",
        "quotes": "Citáty",
        "links": "Odkazy",
        "terms": "Klíčové pojmy",
        "points": "Hlavní body",
        "review": "Kontrolní otázky",
        "speakers": "Účastníci",
        "owner": "kdo",
        "due": "do kdy",
        "answer": "Odpověď",
        "no_actions": "V textu nejsou žádné úkoly.",
    },
}


def words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What speech is full of, beside the lists' words.
_SPOKEN = {
    "en": words_of(
        "yeah yes okay ok well really actually basically thing things lot bit kind sort mean know"
        " think guess maybe gonna wanna let's going got get right sure hmm uh um good nice fine"
        " great"
        " people way year years day days time week today tomorrow yesterday last next i'll i'd i'm"
        " that's it's we'll we're you're don't can't didn't percent monday tuesday wednesday"
        " thursday"
        " friday saturday sunday january february march april may june july august september"
        " october"
        " november december morning afternoon evening hour hours minute minutes month months"
    ),
    "cs": words_of(
        "jo jasně dobře tak takže prostě vlastně jako nějak nějaký něco asi hele víš vím myslím"
        " ještě"
        " rok roku roky den dní týden čas dneska včera zítra prosím dobré výborně chci chtěl"
        " bych můžeme"
        " musíme máme potřebuje potřebujeme procent procenta příští příštího pondělí úterý"
        " středa středu"
        " středy čtvrtek čtvrtka pátek pátku sobota neděle ledna února března dubna května června"
        " července srpna září října listopadu prosince dopoledne odpoledne ráno večer hodin"
        " hodiny minut"
        " měsíc měsíce měsíců týdne dni dnů stojí říkal slíbili"
    ),
}


def is_courtesy(text: str, language: str) -> bool:
    pattern = _COURTESIES.get(language)
    return pattern is not None and len(text) < 120 and pattern.search(text) is not None


def is_decision(text: str, language: str) -> bool:
    pattern = _DECISIONS.get(language)
    return pattern is not None and len(text.split()) > 3 and pattern.search(text) is not None


def opens_topic(text: str, language: str) -> bool:
    pattern = _NEXT_TOPICS.get(language)
    return pattern is not None and pattern.search(text) is not None


def heading(name: str, language: str) -> str:
    return HEADINGS.get(language, HEADINGS["en"])[name]


@lru_cache(maxsize=64)
def stop_words_of(language: str) -> frozenset[str]:
    """Return the words of the language that name nothing; none where there is no list."""
    try:
        words = stop_words.get_stop_words(language)
    except stop_words.StopWordError:
        words = []
    return frozenset(word.lower() for word in words) | _SPOKEN.get(language, frozenset())
