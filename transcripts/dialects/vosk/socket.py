"""`WS /v1/vosk`: Vosk's protocol over a live session. Its clients know of no keys: guests may."""

from stt_web.core.errors import ApiError
from transcripts.dialects.vendor_socket import VendorSocket
from transcripts.dialects.vosk.dialect import VoskDialect


class VoskSocket(VendorSocket):
    needs_key = False
    dialect_of = VoskDialect
    refusal_of = staticmethod(ApiError.as_body)
