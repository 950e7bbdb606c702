"""The languages that can be asked for: Whisper's, with its codes and names, in its order.

Source: `LANGUAGES` in whisper/tokenizer.py of openai/whisper (large-v3: 99 and Cantonese). A model
may know fewer; what it knows is in the catalogue (`transcripts.inference.catalog`).
"""

import re
from functools import cache
from typing import Final

from django.conf.locale import LANG_INFO

LANGUAGE_NAMES: Final[dict[str, str]] = {
    "en": "english",
    "zh": "chinese",
    "de": "german",
    "es": "spanish",
    "ru": "russian",
    "ko": "korean",
    "fr": "french",
    "ja": "japanese",
    "pt": "portuguese",
    "tr": "turkish",
    "pl": "polish",
    "ca": "catalan",
    "nl": "dutch",
    "ar": "arabic",
    "sv": "swedish",
    "it": "italian",
    "id": "indonesian",
    "hi": "hindi",
    "fi": "finnish",
    "vi": "vietnamese",
    "he": "hebrew",
    "uk": "ukrainian",
    "el": "greek",
    "ms": "malay",
    "cs": "czech",
    "ro": "romanian",
    "da": "danish",
    "hu": "hungarian",
    "ta": "tamil",
    "no": "norwegian",
    "th": "thai",
    "ur": "urdu",
    "hr": "croatian",
    "bg": "bulgarian",
    "lt": "lithuanian",
    "la": "latin",
    "mi": "maori",
    "ml": "malayalam",
    "cy": "welsh",
    "sk": "slovak",
    "te": "telugu",
    "fa": "persian",
    "lv": "latvian",
    "bn": "bengali",
    "sr": "serbian",
    "az": "azerbaijani",
    "sl": "slovenian",
    "kn": "kannada",
    "et": "estonian",
    "mk": "macedonian",
    "br": "breton",
    "eu": "basque",
    "is": "icelandic",
    "hy": "armenian",
    "ne": "nepali",
    "mn": "mongolian",
    "bs": "bosnian",
    "kk": "kazakh",
    "sq": "albanian",
    "sw": "swahili",
    "gl": "galician",
    "mr": "marathi",
    "pa": "punjabi",
    "si": "sinhala",
    "km": "khmer",
    "sn": "shona",
    "yo": "yoruba",
    "so": "somali",
    "af": "afrikaans",
    "oc": "occitan",
    "ka": "georgian",
    "be": "belarusian",
    "tg": "tajik",
    "sd": "sindhi",
    "gu": "gujarati",
    "am": "amharic",
    "yi": "yiddish",
    "lo": "lao",
    "uz": "uzbek",
    "fo": "faroese",
    "ht": "haitian creole",
    "ps": "pashto",
    "tk": "turkmen",
    "nn": "nynorsk",
    "mt": "maltese",
    "sa": "sanskrit",
    "lb": "luxembourgish",
    "my": "myanmar",
    "bo": "tibetan",
    "tl": "tagalog",
    "mg": "malagasy",
    "as": "assamese",
    "tt": "tatar",
    "haw": "hawaiian",
    "ln": "lingala",
    "ha": "hausa",
    "ba": "bashkir",
    "jw": "javanese",
    "su": "sundanese",
    "yue": "cantonese",
}

MULTI: Final = "multi"  # the language may change inside a recording
# Codes for the same language: withdrawn ones of ISO 639-1, three letters of ISO 639-2 and 639-3
# (bibliographic ones too), macrolanguages and their commonest members (SIL's ISO 639-3 tables).
_SAME_CODES: Final = (
    "iw:he in:id ji:yi jv:jw mo:ro nb:no nob:no fil:tl cmn:zh sh:sr hbs:sr gsw:de arb:ar swh:sw"
    " zsm:ms zlm:ms pes:fa prs:fa lvs:lv ekk:et azj:az uzn:uz khk:mn als:sq npi:ne plt:mg ydd:yi"
    " eng:en zho:zh chi:zh deu:de ger:de spa:es rus:ru kor:ko fra:fr fre:fr jpn:ja por:pt tur:tr"
    " pol:pl cat:ca nld:nl dut:nl ara:ar swe:sv ita:it ind:id hin:hi fin:fi vie:vi heb:he ukr:uk"
    " ell:el gre:el msa:ms may:ms ces:cs cze:cs ron:ro rum:ro dan:da hun:hu tam:ta nor:no tha:th"
    " urd:ur hrv:hr bul:bg lit:lt lat:la mri:mi mao:mi mal:ml cym:cy wel:cy slk:sk slo:sk tel:te"
    " fas:fa per:fa lav:lv ben:bn srp:sr aze:az slv:sl kan:kn est:et mkd:mk mac:mk bre:br eus:eu"
    " baq:eu isl:is ice:is hye:hy arm:hy nep:ne mon:mn bos:bs kaz:kk sqi:sq alb:sq swa:sw glg:gl"
    " mar:mr pan:pa sin:si khm:km sna:sn yor:yo som:so afr:af oci:oc kat:ka geo:ka bel:be tgk:tg"
    " snd:sd guj:gu amh:am yid:yi lao:lo uzb:uz fao:fo hat:ht pus:ps tuk:tk nno:nn mlt:mt san:sa"
    " ltz:lb mya:my bur:my bod:bo tib:bo tgl:tl mlg:mg asm:as tat:tt lin:ln hau:ha bak:ba jav:jw"
    " sun:su"
)
# Names beside Whisper's: its own aliases (`TO_LANGUAGE_CODE`), and what people write.
_SAME_NAMES: Final = {
    "burmese": "my", "valencian": "ca", "flemish": "nl", "haitian": "ht", "letzeburgesch": "lb",
    "pushto": "ps", "panjabi": "pa", "moldavian": "ro", "moldovan": "ro", "sinhalese": "si",
    "castilian": "es", "mandarin": "zh", "farsi": "fa", "filipino": "tl", "norwegian bokmål": "no",
    "bokmål": "no", "norwegian nynorsk": "nn", "brazilian": "pt", "simplified chinese": "zh",
    "traditional chinese": "zh", "čeština": "cs", "中文": "zh", "普通话": "zh", "粵語": "yue",
    "norsk": "no", "日本语": "ja",
}  # fmt: skip
# BCP 47 as software sends it, and as POSIX writes it: "zh-Hant-TW", "pt_BR", "cs_CZ.UTF-8@euro".
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?P<rest>(?:[-_][a-z0-9]{1,8}){0,8})(?:\.[a-z0-9-]{1,20})?"
    r"(?:@[a-z0-9]{1,20})?"
)


def find_language(text: str) -> str | None:
    """Return Whisper's code for a language as clients name it; None for an unknown one.

    Understands codes in any case, BCP 47 tags and locales (by their language: a region or a script
    is unknown to Whisper), withdrawn, macro- and three-letter codes, names in English and, where
    Django knows them, in the language itself.
    """
    wanted = " ".join(text[:100].casefold().split())
    tag = _TAG.fullmatch(wanted)
    if tag is not None:
        subtags = re.split("[-_]", tag["rest"])
        if tag["language"] == "zh" and "yue" in subtags:
            return "yue"
        if (code := _known_code(tag["language"])) is not None:
            return code
    if wanted in LANGUAGE_NAMES:  # three letters that aren't in the tables: "haw", "yue"
        return wanted
    return _names().get(wanted.partition(" (")[0])


def _known_code(code: str) -> str | None:
    return code if code in LANGUAGE_NAMES else _codes().get(code)


@cache
def _codes() -> dict[str, str]:
    pairs = (pair.partition(":") for pair in _SAME_CODES.split())
    return {code: same for code, _, same in pairs}


@cache
def _names() -> dict[str, str]:
    names = {name.casefold(): code for code, name in LANGUAGE_NAMES.items()} | _SAME_NAMES
    for code, info in LANG_INFO.items():
        known = _known_code(code)
        if known is not None:
            for name in (info.get("name"), info.get("name_local")):
                names.setdefault(str(name).casefold(), known)
    return names
