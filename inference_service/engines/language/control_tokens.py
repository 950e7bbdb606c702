"""Breaks the tokens by which a chat template is written, wherever they occur in a text.

llama.cpp reads `<|im_end|>` inside a message as the token itself: a text could end the user's turn
and begin one of the system. A zero-width space inside makes plain text of it.
"""

import re
from collections.abc import Iterable

_BREAK = "\u200b"
# Of the families that servers of an unknown vocabulary use: ChatML, Llama 2 and 3, Gemma, Mistral,
# Phi, DeepSeek.
KNOWN_CONTROL_TOKENS = re.compile(
    r"<[|\uff5c][^<>\n]{1,40}[|\uff5c]>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
)


class ControlTokens:
    """The control tokens of one vocabulary."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        """tokens: the vocabulary's own; the known families are broken besides."""
        own = "|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True))
        self._own = re.compile(own) if own else None

    def break_in(self, text: str) -> str:
        """Return the text with a zero-width space inside of each control token."""
        for pattern in (self._own, KNOWN_CONTROL_TOKENS):
            while pattern and pattern.search(text):
                text = pattern.sub(_break, text)
        return text


def _break(match: re.Match[str]) -> str:
    token = match[0]
    return f"{token[0]}{_BREAK}{token[1:]}"
