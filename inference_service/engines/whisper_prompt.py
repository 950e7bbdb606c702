"""What a Whisper decoder is given before the first word: context, language, task."""

from dataclasses import dataclass

from faster_whisper.tokenizer import Tokenizer

from inference_service.engines.asr import DecodeOptions

# Whisper's decoder has 448 positions; half of them are kept for the text of the window.
_MAX_CONTEXT_TOKENS = 223
_MAX_HOT_WORD_TOKENS = 111


@dataclass(frozen=True, slots=True)
class Prompt:
    tokens: tuple[int, ...]
    sot_index: int  # of <|startoftranscript|>: equal in all prompts of one call of `generate`


def build_prompt(tokenizer: Tokenizer, options: DecodeOptions) -> Prompt:
    """Return the start tokens, with time stamps asked for.

    Context that is too long loses the end of the hot words, or the beginning of the prompt.
    """
    context = _encode_context(tokenizer, options)
    start = [tokenizer.sot_prev, *context] if context else []
    return Prompt(tokens=(*start, *tokenizer.sot_sequence), sot_index=len(start))


def _encode_context(tokenizer: Tokenizer, options: DecodeOptions) -> list[int]:
    hot_words = ", ".join(options.hot_words).strip()
    hot = tokenizer.encode(f" {hot_words}")[:_MAX_HOT_WORD_TOKENS] if hot_words else []
    prompt = options.prompt.strip()
    text = tokenizer.encode(f" {prompt}") if prompt else []
    return hot + text[-(_MAX_CONTEXT_TOKENS - len(hot)) :]
