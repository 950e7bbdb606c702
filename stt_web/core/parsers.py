"""How bodies of the API are read."""

import codecs
from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework import parsers
from rest_framework.exceptions import ParseError

from stt_web.core.strict_json import StrictJsonError, parse_json

# JSON is UTF-8 (RFC 8259), before that any of Unicode's. Python knows codecs that take quadratic
# time (idna, punycode) or make lone surrogates (utf-7, unicode_escape).
_CHARSETS: Final = {"utf-8", "utf-16", "utf-32", "ascii", "iso8859-1"}


class JSONParser(parsers.JSONParser):
    """DRF's, with `parse_json`: no value reaches a view that it could not store or send back."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Raises ParseError."""
        charset = (parser_context or {}).get("encoding", "utf-8")
        try:
            value = parse_json(_decode(stream.read(), charset))
        except StrictJsonError as error:
            raise ParseError(str(error)) from None
        if value is None:  # a serializer takes it for a body that was not sent
            raise ParseError("it is null, not an object such as {}")
        return value


def _decode(body: bytes, charset: str) -> str:
    """Return the text. Raises ParseError."""
    try:
        codec = codecs.lookup(charset)
        if codec.name in _CHARSETS:
            return body.decode(codec.name)
    except (LookupError, ValueError):
        pass
    raise ParseError("it is not in UTF-8, or not in the charset that its Content-Type names")
