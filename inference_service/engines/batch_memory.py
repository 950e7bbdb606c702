"""How many windows fit into a GPU's memory at once, and what happens where that was too many."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MOST_WINDOWS = 16  # more brings nothing: the decoder's steps take as long for fewer
# Of the card, for the batch at hand; the rest is for the weights of the loaded models.
_SHARE = 0.3
# One window at beam 5 in float16, reckoned from the shapes of Whisper's models (keys and values of
# both attentions, the encoder's activations): base 90, small 200, turbo 180, large-v3 700 MB.
_WINDOW_BYTES = 80_000_000
_WINDOW_SHARE = 0.2  # of the weights, beside that
_SIGNS = ("out of memory", "alloc_failed", "bad_alloc")


def choose_batch_size(*, memory_bytes: int, weights_bytes: int) -> int:
    """Return the windows of one batch on a card of this memory (0: unknown): 1 to 16."""
    if not memory_bytes:
        return MOST_WINDOWS
    window_bytes = _WINDOW_BYTES + _WINDOW_SHARE * weights_bytes
    return min(max(1, int(_SHARE * memory_bytes / window_bytes)), MOST_WINDOWS)


def run_halving(
    call: Callable[[Sequence[Item]], list[Answer]],
    batch: Sequence[Item],
    *,
    on_halved: Callable[[int], None],
) -> list[Answer]:
    """Return call(batch); where memory doesn't hold it, that of its halves, and so on.

    on_halved: is given the size that is tried next. Raises what `call` raises for one window.
    """
    try:
        return call(batch)
    except (RuntimeError, MemoryError) as error:
        if len(batch) < 2 or not is_out_of_memory(error):
            raise
        logger.warning("event=out_of_memory windows=%d error=%r", len(batch), str(error))
    middle = (len(batch) + 1) // 2
    on_halved(middle)
    halves = (batch[:middle], batch[middle:])
    return [answer for half in halves for answer in run_halving(call, half, on_halved=on_halved)]


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an engine ran out of memory. CTranslate2 has no class for it."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _SIGNS)
