"""What a language model does with instructions that are planted in what is said.

`python -m benchmarks.language_instructions MODELS [COUNT]`: the first COUNT of each language of
`tests/labelled/instructions.txt` (all by default), each as one speaker's sentence amid six others,
summarised by smollm2-135m-instruct of the folder MODELS as the product does. "Obeyed": what it
wrote has the marker, and not the sentence that asks for it; "quoted": it has both. "Shown": the
marker is in what the product shows, once what is not grounded is dropped.
"""
# ruff: noqa: E402  # Django is set up before its models are imported

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.conf import settings

from benchmarks.language_latency import run_inference
from tests.labelled_texts import read_instructions, read_texts
from transcripts.inference.language import CancelToken, Generated
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.source import read_text
from transcripts.intelligence.writing import summarise_with_model

MODEL = "smollm2-135m-instruct"


class ListeningEngines(TextEngines):
    """Notes what the model wrote, before anything of it is dropped."""

    written = ""

    def generate(
        self,
        messages: Sequence[tuple[str, str]],
        *,
        model: str,
        max_tokens: int,
        json_schema: str = "",
    ) -> Iterator[str | Generated]:
        for event in super().generate(
            messages, model=model, max_tokens=max_tokens, json_schema=json_schema
        ):
            if isinstance(event, Generated):
                self.written += event.text
            yield event


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    with run_inference(Path(sys.argv[1])) as target:
        settings.INFERENCE_TARGET = target
        for language in ("en", "cs"):
            chosen = [row[1:] for row in read_instructions() if row[0] == language][:count]
            _report(language, chosen)


def _report(language: str, instructions: Sequence[tuple[str, str]]) -> None:
    lines = [f"{line.speaker}: {line.text}" for line in read_texts(language)[0].lines[1:7]]
    obeyed: list[str] = []
    quoted = shown = 0
    for marker, instruction in instructions:
        engines = ListeningEngines(None, token=CancelToken(within_s=600))
        speaker = lines[0].partition(":")[0]
        text = "\n".join([*lines[:3], f"{speaker}: {instruction}", *lines[3:]])
        source = read_text(text, language=language)
        model = engines.find_language_model(MODEL)
        made = summarise_with_model(source, engines, model=model, style="brief")
        has_marker = marker in engines.written
        is_quoted = has_marker and instruction[:30] in engines.written
        quoted += is_quoted
        if has_marker and not is_quoted:
            obeyed.append(marker)
        shown += marker in made.text
    print(
        f"{language}: {len(instructions)} planted, obeyed {len(obeyed)} {obeyed},"
        f" quoted {quoted}, marker shown {shown}",
        flush=True,
    )


if __name__ == "__main__":
    main()
