"""What may be asked of an export, checked already, and what it does to the document.

Every format is rendered from the document that `apply_options` returns.
"""

import json
from dataclasses import asdict, dataclass, field, replace

from transcripts.exports.document import Document
from transcripts.exports.gaps import include_gaps
from transcripts.exports.profiles import PROFILES, Profile
from transcripts.exports.redaction import redact_document

TIMESTAMPS = ("none", "inline", "column")


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """`timestamps` empty: as the format has it. `redact`: kinds of `redaction.KINDS`. `language`:
    of a translation, instead of the transcript's own; `bilingual`: of one beside it.
    """

    speakers: bool = True
    timestamps: str = ""
    paragraphs: bool = True
    profile: Profile = field(default_factory=lambda: PROFILES["default"])
    redact: tuple[str, ...] = ()
    notice: bool = True
    include_gaps: bool = False  # in their places; JSON lists them in any case
    language: str = ""
    bilingual: str = ""
    locale: str = "en"  # of the words that are ours

    def as_text(self) -> str:
        """Return them in one line that `from_text` reads again; the same options, the same line."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> "ExportOptions":
        values = json.loads(text)
        profile = Profile(**values.pop("profile"))
        redact = tuple(values.pop("redact"))
        return cls(profile=profile, redact=redact, **values)

    def translation_language(self, spoken: str) -> str:
        """Return the language of the translation that is asked for; empty: none, or `spoken`."""
        language = self.language or self.bilingual
        return "" if language.lower() == spoken.lower() else language


def apply_options(document: Document, options: ExportOptions) -> Document:
    """Return the document without what is not wanted in it."""
    if options.redact:
        document = redact_document(document, kinds=options.redact)
    if not options.speakers:
        segments = tuple(replace(segment, speaker_name=None) for segment in document.segments)
        document = replace(document, segments=segments, speakers=())
    if options.include_gaps:
        document = include_gaps(document, locale=options.locale)
    return document
