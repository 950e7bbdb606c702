"""Which addresses are the APIs', by how they begin; all others are pages, and files of pages."""

from typing import Final

# Keys count here, and no cookie does: pages of other sites may call these.
KEYED_PATHS: Final = ("/v1/", "/v2/", "/asr", "/detect-language")
API_PATHS: Final = ("/api/", *KEYED_PATHS)
