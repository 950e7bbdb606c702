"""The parameters of exports, for the OpenAPI document."""

from drf_spectacular.utils import OpenApiParameter

from transcripts.exports.options import TIMESTAMPS
from transcripts.exports.profiles import PROFILES
from transcripts.exports.redaction import KINDS

PROFILE_PARAMETERS = [
    OpenApiParameter(
        "profile",
        str,
        enum=[*PROFILES, "custom"],
        description="How subtitles are cut and timed.",
    ),
    OpenApiParameter("line_characters", int, description="With profile=custom: 8 to 100."),
    OpenApiParameter("lines", int, description="With profile=custom: 1 to 4."),
    OpenApiParameter("characters_a_second", float, description="With profile=custom: 4 to 50."),
    OpenApiParameter("min_duration", float, description="With profile=custom, seconds: 0.1 to 5."),
    OpenApiParameter("max_duration", float, description="With profile=custom, seconds: 1 to 30."),
    OpenApiParameter("gap", float, description="With profile=custom, seconds: 0 to 1."),
]
_LANGUAGE_PARAMETERS = [
    OpenApiParameter(
        "language",
        str,
        description="Of a stored translation, in place of the text; 409 where there is none.",
    ),
    OpenApiParameter(
        "bilingual",
        str,
        description="Of a stored translation, beside the text: in subtitles below it, with half of"
        " the profile's lines for each; in csv and json a further field.",
    ),
]
LINT_PARAMETERS = [*_LANGUAGE_PARAMETERS, *PROFILE_PARAMETERS]
OPTION_PARAMETERS = [
    OpenApiParameter("speakers", bool, description="Whether speakers are named; true."),
    OpenApiParameter(
        "timestamps",
        str,
        enum=TIMESTAMPS,
        description="In txt (none by default), docx and pdf (inline by default).",
    ),
    OpenApiParameter(
        "paragraphs",
        bool,
        description="In txt, docx and pdf: whether segments of one speaker are gathered; true.",
    ),
    OpenApiParameter(
        "include_gaps",
        bool,
        description="Whether speech that is not in the text is named in its place; false. JSON"
        " lists it in `gaps` in any case.",
    ),
    OpenApiParameter(
        "redact",
        str,
        description=f"Mask, by rules: all, or a list with commas of {', '.join(KINDS)}.",
    ),
    *_LANGUAGE_PARAMETERS,
    *PROFILE_PARAMETERS,
]
