"""What a client may ask of a transcription. Each option is declared here, once.

From the declaration follow the parsing of forms and JSON bodies (`parse`), the columns of a job
(`as_columns`, `from_columns`), what makes two requests the same (`as_json`, hashed by
`jobs/submit.fingerprint_of`), what the recogniser gets as it is (`context`), and the fields of the
OpenAPI document (`option_fields`). CONTRIBUTING.md lists what else an
option needs.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, NamedTuple, Self

from transcripts.option_kinds import (
    ChoiceOption,
    ChoicesOption,
    CountOption,
    FlagOption,
    InvalidOptionError,
    ModelOption,
    NumberOption,
    OptionKind,
    TextOption,
    UnknownModelNameError,
    WordsOption,
)
from transcripts.option_languages import (
    LanguageOption,
    LanguagesOption,
    UnknownLanguageError,
    join_languages,
)
from transcripts.text.languages import MULTI

RESPONSE_FORMATS: Final = ("json", "verbose_json", "txt", "text", "srt", "vtt")
TASKS: Final = ("transcribe", "translate")
AUTO: Final = "auto"
LIGHT, PYANNOTE = "light", "pyannote"
DIARIZERS: Final = (AUTO, LIGHT, PYANNOTE)
ALIGNERS: Final = (AUTO, "pocketsphinx", "wav2vec2", "attention")
ALL: Final = "all"
SPLIT: Final = "split"
MIX: Final = "mix"
# What can be made of a transcript by itself, once it is finished.
STEPS: Final = (
    *("summary", "bullet_points", "title", "action_items", "chapters", "topics", "questions"),
    *("sentiment", "key_quotes", "meeting_notes"),
)
SHORTEST_ENDPOINTING_MS: Final = 300
LONGEST_ENDPOINTING_MS: Final = 5000
_DECLARED = "declared"
# What parsing options raises, for `stt_web.core.documentation.raises`.
OPTION_ERRORS = (InvalidOptionError, UnknownLanguageError, UnknownModelNameError)


class Declared(NamedTuple):
    """`column`: of the job, for options that queries or operators' pages name; the others share
    `further_options`. `is_context`: sent to the recogniser as it is, under its name.
    `may_change`: between the first job of a transcript and a second pass. `is_live`: a live session
    may be opened with it."""

    kind: OptionKind[Any]
    help_text: str
    column: str
    is_context: bool
    may_change: bool
    is_live: bool


def declare(
    kind: OptionKind[Any],
    help_text: str,
    *,
    column: str = "",
    is_context: bool = False,
    may_change: bool = False,
    is_live: bool = False,
) -> Any:
    declared = Declared(kind, help_text, column, is_context, may_change, is_live)
    return field(default=kind.default, metadata={_DECLARED: declared})


@dataclass(frozen=True, kw_only=True)
class TranscriptionOptions:
    """What was asked for, checked. `language` empty: detected, among `languages` if any are
    named, and again and again if `is_multilingual` (`language=multi`)."""

    model: str = declare(
        ModelOption("large-v3-turbo"),
        "See GET /v1/models.",
        column="model_requested",
        may_change=True,
        is_live=True,
    )
    language: str = declare(
        LanguageOption(),
        "A code of GET /v1/languages, what browsers send (en-US, zh-TW), or a name; auto"
        " detects it; multi: it may change inside the recording.",
        column="language_requested",
        may_change=True,
        is_live=True,
    )
    languages: tuple[str, ...] = declare(
        LanguagesOption(),
        "Those that may occur, separated by commas: only they are detected.",
        may_change=True,
        is_live=True,
    )
    is_multilingual: bool = False
    # Of live sessions: the pause that ends an utterance (`limit_endpointing`); 0: as the server.
    endpointing_ms: int = 0
    diarize: bool = declare(
        FlagOption(default=True), "Separate speakers.", column="diarize", may_change=True
    )
    speakers: int = declare(
        CountOption(most=50),
        "Exactly so many; 0 finds the number.",
        column="speakers_requested",
        may_change=True,
    )
    diarizer: str = declare(
        ChoiceOption(DIARIZERS),
        "What separates the speakers: light, pyannote (where the torch engines are installed);"
        " auto: as the server is set up.",
        may_change=True,
    )
    aligner: str = declare(
        ChoiceOption(ALIGNERS),
        "What places the words in time: pocketsphinx (English), wav2vec2 (where the torch engines"
        " are installed), attention (the recogniser's own times); auto: as the server is set up.",
        may_change=True,
        is_live=True,
    )
    task: str = declare(ChoiceOption(TASKS), "translate: into English.", column="task")
    prompt: str = declare(
        TextOption(most_characters=1000),
        "Context: spelling of names, style.",
        is_context=True,
        may_change=True,
        is_live=True,
    )
    hot_words: tuple[str, ...] = declare(
        WordsOption(most=100),
        "Words that are likely to occur, separated by commas.",
        is_context=True,
        may_change=True,
        is_live=True,
    )
    track: str = declare(
        NumberOption((ALL,), most=100),
        "Of a file with several audio tracks: a number from 1, or all, one after another."
        " Without it the default one, or the next that has sound.",
    )
    # More channels has no recording (`media/limits`).
    channels: str = declare(
        NumberOption((SPLIT, MIX), most=64, default=MIX),
        "mix; split, each channel a speaker of its own (a call with a person a channel);"
        " or the number of one channel, from 1.",
    )

    enhance: bool = declare(
        FlagOption(),
        "Recognise it without its noise as well, and keep the likelier text of each half minute:"
        " twice the work. It helps where noise covers the words, and does nothing elsewhere.",
        may_change=True,
    )
    auto_process: tuple[str, ...] = declare(
        ChoicesOption(STEPS),
        f"What is made of the transcript once it is finished, separated by commas:"
        f" {', '.join(STEPS)}; or none. Without it, what the account has set (`processing/`).",
        is_live=True,
    )
    template: str = declare(
        TextOption(most_characters=40),
        "The id of a template (`templates/`): notes by it are made of the finished transcript.",
        is_live=True,
    )

    @classmethod
    def parse(cls, sent: Mapping[str, str]) -> Self:
        """Return what the fields of a form ask for; unknown ones are left alone: clients of other
        servers send some. Raises InvalidOptionError."""
        values = {
            name: declared.kind.parse(name, sent.get(name, ""))
            for name, declared in declared_options(cls).items()
        }
        spoken = join_languages(values["language"], values["languages"])
        return cls(**values | asdict(spoken))

    @classmethod
    def from_columns(cls, row: object) -> Self:
        """Return what a job was asked for. Options that its version didn't know are at default."""
        values = {
            name: getattr(row, declared.column)
            for name, declared in declared_options(cls).items()
            if declared.column
        }
        further = getattr(row, "further_options")  # noqa: B009  # as the columns: by name
        values |= {each.name: further[each.name] for each in fields(cls) if each.name in further}
        return cls(**{name: _frozen(value) for name, value in values.items()})

    def as_columns(self) -> dict[str, Any]:
        """Return the fields of a job."""
        further = self.as_json()
        own = {
            declared.column: further.pop(name)
            for name, declared in declared_options(type(self)).items()
            if declared.column
        }
        return own | {"further_options": further}

    def as_json(self) -> dict[str, Any]:
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    def as_sent(self) -> dict[str, str]:
        """Return them as the fields of a form that ask for the same."""
        sent = {
            name: declared.kind.write(getattr(self, name))
            for name, declared in declared_options(type(self)).items()
        }
        return sent | {"language": MULTI} if self.is_multilingual else sent

    def context(self) -> dict[str, Any]:
        """Return what the recogniser gets as it is: fields of the protos' configs."""
        return {
            name: getattr(self, name)
            for name, declared in declared_options(type(self)).items()
            if declared.is_context
        }


def declared_options(options: type[TranscriptionOptions]) -> dict[str, Declared]:
    """Return each option that a client may send, by its name."""
    return {
        each.name: each.metadata[_DECLARED]
        for each in fields(options)
        if _DECLARED in each.metadata
    }


def live_options(options: type[TranscriptionOptions]) -> dict[str, Declared]:
    """Return those that a live session may be opened with, by their names."""
    return {name: each for name, each in declared_options(options).items() if each.is_live}


def limit_endpointing(asked_ms: int) -> int:
    """Return the nearest pause that may end a live utterance: 300 to 5000 ms."""
    return min(max(asked_ms, SHORTEST_ENDPOINTING_MS), LONGEST_ENDPOINTING_MS)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
