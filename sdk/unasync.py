"""The client without asyncio, written from the one with it: the words differ, nothing else."""

import re

# What differs by more than words: the primitives themselves.
HAND_WRITTEN = ("primitives.py",)
_WORDS = {
    "async def": "def",
    "async with": "with",
    "async for": "for",
    "await ": "",
    "AsyncIterator": "Iterator",
    "AsyncIterable": "Iterable",
    "AsyncGenerator": "Generator",
    "AsyncClient": "Client",
    "AsyncSTTClient": "STTClient",
    "AsyncExitStack": "ExitStack",
    "asynccontextmanager": "contextmanager",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    "aread": "read",
    "aiter_bytes": "iter_bytes",
    "aiter_lines": "iter_lines",
    "open_stt._async": "open_stt._sync",
    "(asyncio)": "(without asyncio)",
}
_PATTERN = re.compile("|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True)))
_MARK = "# Generated from `_async` by `python -m sdk.generate`.\n"


def rewrite(source: str) -> str:
    """Return a module of `_async` as its counterpart in `_sync`."""
    return _MARK + _PATTERN.sub(lambda match: _WORDS[match[0]], source)
