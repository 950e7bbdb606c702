"""How long ten hours of speech take in each format, and how much memory.

Each format is measured in a process of its own. `python -m benchmarks.exports`
"""

import os
import resource
import subprocess
import sys
import tempfile
import time

SEGMENTS = 7_200
SENTENCES = {
    "en": "We met in the morning to speak about the plans for the next year and their cost",
    "ar": "صباح الخير يا عالم هذا اختبار للنص العربي مع أرقام وكلمة في الوسط ثم النهاية",
}
# A format, and what the issue allows: seconds.
LIMITS = {"txt": 1, "srt": 1, "vtt": 1, "json": 1, "csv": 1, "docx": 6, "pdf": 15}


def measure(format_name: str, language: str, paragraphs: str) -> None:
    """Print the seconds, the peak of memory and the size; in this process."""
    import django

    django.setup()
    from transcripts.exports.document import Document, DocumentSegment, DocumentWord
    from transcripts.exports.options import ExportOptions
    from transcripts.exports.render import export

    vocabulary = SENTENCES[language].split()
    segments = []
    for number in range(SEGMENTS):
        start_ms = number * 5_000
        spelled = [vocabulary[(number * 3 + place) % len(vocabulary)] for place in range(14)]
        words = tuple(
            DocumentWord(word, start_ms + n * 330, start_ms + n * 330 + 300, 0.9, n > 0)
            for n, word in enumerate(spelled)
        )
        speaker = f"Speaker {number // 5 % 3 + 1}"
        segments.append(
            DocumentSegment(
                start_ms, start_ms + 4_900, " ".join(spelled), speaker, words, confidence=0.9
            )
        )
    document = Document(
        id="bench",
        status="completed",
        language=language,
        duration_ms=SEGMENTS * 5_000,
        segments=tuple(segments),
        speakers=("Speaker 1", "Speaker 2", "Speaker 3"),
        title="Ten hours",
    )
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started, started_cpu = time.perf_counter(), time.process_time()
    content = export(document, format_name, ExportOptions(paragraphs=paragraphs == "gathered"))
    seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{format_name:5} {language} {paragraphs:8} {seconds:6.2f} s, {cpu:5.2f} s of CPU"
        f" (limit {LIMITS[format_name]:2} s)  {len(content) / 1e6:6.2f} MB"
        f"  memory {peak_mb:4.0f} MB in all, {peak_mb - before_mb:4.0f} MB more than the document"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "STT_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        }
        cases = [(name, "en", "gathered") for name in LIMITS]
        cases += [("docx", "en", "each"), ("pdf", "en", "each"), ("pdf", "ar", "gathered")]
        cases += [("srt", "ar", "gathered"), ("pdf", "ar", "each")]
        for case in cases:
            subprocess.run(
                [sys.executable, "-m", "benchmarks.exports", *case], check=True, env=environment
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(*sys.argv[1:])
    else:
        main()
