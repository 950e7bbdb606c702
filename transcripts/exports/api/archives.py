"""POST transcripts/export/ — many transcripts in one archive."""

import functools
from collections.abc import Mapping

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import user_of
from stt_web.core.documentation import raises
from transcripts.access import TranscriptNotFoundError
from transcripts.exports.archive import MAX_IDS, answer_archive, as_text, find_ids
from transcripts.exports.render import EXPORTS
from transcripts.exports.requested import read_export_options
from transcripts.exports.waiting import UnknownFormatError, check_format
from transcripts.filters import FILTER_ERRORS
from transcripts.models import READABLE_STATUSES, Source
from transcripts.option_kinds import InvalidOptionError
from transcripts.principals import is_still_allowed

_AS_IN_THE_LIST = "Without ids: as in the list of transcripts."


class BulkExportSerializer(serializers.Serializer[object]):
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text=f"At most {MAX_IDS}."
    )
    status = serializers.ChoiceField(choices=list(READABLE_STATUSES), required=False)
    language = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    created_after = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    created_before = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    model = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # `Field.source`: not of a class
        choices=Source.choices, required=False
    )
    tag = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    has_warnings = serializers.BooleanField(required=False, help_text=_AS_IN_THE_LIST)
    search = serializers.CharField(required=False, help_text=_AS_IN_THE_LIST)
    format = serializers.ChoiceField(choices=list(EXPORTS))
    options = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="As in the query of one export."
    )


class BulkExportView(APIView):
    scopes = {"POST": "read"}

    @raises(TranscriptNotFoundError, UnknownFormatError, InvalidOptionError, *FILTER_ERRORS)
    @extend_schema(
        operation_id="export_transcripts",
        request=BulkExportSerializer,
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Return an archive of the transcripts named, or of all finished ones that the filters
        let through. What could not be exported is listed in its last file."""
        asked = request.data
        if not isinstance(asked, dict):
            raise InvalidOptionError("format", "Send a JSON object with a format.")
        format_name = str(asked.get("format", ""))
        check_format(format_name)
        options = read_export_options(_read_options(asked))
        ids = find_ids(user_of(request), asked)
        is_allowed = functools.partial(is_still_allowed, request._request)
        return answer_archive(ids, format_name, options, is_allowed=is_allowed)


def _read_options(asked: Mapping[str, object]) -> dict[str, str]:
    options = asked.get("options", {})
    if not isinstance(options, dict):
        raise InvalidOptionError("options", "options must be an object.")
    return {str(name): as_text(value) for name, value in options.items()}
