"""`WS /v1/listen`: Deepgram's live transcription over a live session.

A browser can't set a socket's headers: its key is in the subprotocols `token, K` or `bearer, K`, of
which the first is answered.
"""

from transcripts.dialects.deepgram.errors import REQUEST_ID_HEADER, as_deepgram
from transcripts.dialects.deepgram.live import DeepgramDialect
from transcripts.dialects.vendor_socket import VendorSocket, request_id


class DeepgramSocket(VendorSocket):
    subprotocols = ("token", "bearer")
    dialect_of = DeepgramDialect
    refusal_of = staticmethod(as_deepgram)
    headers_of = staticmethod(lambda: [(REQUEST_ID_HEADER.encode(), request_id().encode())])
