"""`WS /v1/realtime`: Realtime transcription over a live session.

A browser can't set a socket's headers: its key is in the subprotocols `realtime,
openai-insecure-api-key.K`, of which the first is answered.
"""

from transcripts.dialects.openai.errors import as_openai
from transcripts.dialects.realtime.dialect import RealtimeDialect
from transcripts.dialects.vendor_socket import VendorSocket, request_id


class RealtimeSocket(VendorSocket):
    subprotocols = ("realtime",)
    key_prefix = "openai-insecure-api-key."
    dialect_of = RealtimeDialect
    refusal_of = staticmethod(as_openai)
    headers_of = staticmethod(lambda: [(b"x-request-id", request_id().encode())])
