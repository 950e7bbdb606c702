"""Declared options as fields of serializers: for the OpenAPI document, and to read JSON bodies."""

from typing import Any, TypeAlias

from rest_framework import serializers

from transcripts.option_kinds import (
    ChoiceOption,
    CountOption,
    FlagOption,
    ModelOption,
    OptionKind,
    TextOption,
    WordsOption,
)
from transcripts.option_languages import LanguageOption, LanguagesOption
from transcripts.options import TranscriptionOptions, declared_options

Field: TypeAlias = serializers.Field[Any, Any, Any, Any]


def form_fields(options: type[TranscriptionOptions]) -> dict[str, Field]:
    """Return the fields of a form that asks for them."""
    return {
        name: _form_field(declared.kind, declared.help_text)
        for name, declared in declared_options(options).items()
    }


def body_fields(options: type[TranscriptionOptions]) -> dict[str, Field]:
    """Return the fields of a JSON body: what a second pass may be asked for, nothing required."""
    return {
        name: _body_field(declared.kind)
        for name, declared in declared_options(options).items()
        if declared.may_change
    }


def _form_field(kind: OptionKind[Any], help_text: str) -> Field:
    default = kind.write(kind.default) if isinstance(kind.default, str) else kind.default
    shared: dict[str, Any] = {"help_text": help_text}
    shared |= {"required": False} if default in ("", ()) else {"default": default}
    match kind:
        case FlagOption():
            return serializers.BooleanField(**shared)
        case CountOption():
            return serializers.IntegerField(min_value=0, max_value=kind.most, **shared)
        case ChoiceOption():
            return serializers.ChoiceField(choices=kind.choices, **shared)
        case TextOption():
            return serializers.CharField(max_length=kind.most_characters, **shared)
        case _:
            return serializers.CharField(**shared)


def _body_field(kind: OptionKind[Any]) -> Field:
    match kind:
        case FlagOption():
            return serializers.BooleanField(required=False)
        case CountOption():
            return serializers.IntegerField(required=False, min_value=0, max_value=kind.most)
        case WordsOption() | LanguagesOption():
            word = serializers.CharField(max_length=kind.most_characters)
            return serializers.ListField(child=word, required=False, max_length=kind.most)
        case ChoiceOption():
            return serializers.ChoiceField(choices=kind.choices, required=False)
        case ModelOption() | LanguageOption():
            return serializers.CharField(required=False, max_length=kind.most_characters)
        case TextOption():
            return serializers.CharField(
                required=False, allow_blank=True, max_length=kind.most_characters
            )
        case _:
            return serializers.CharField(required=False, allow_blank=True)
