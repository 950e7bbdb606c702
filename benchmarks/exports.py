"""How long ten hours of speech take in each format, out of PostgreSQL, and how much memory.

Each format is measured in a process of its own, and an archive of twenty times ten hours.
`python -m benchmarks.exports`, in a database of its own (STT_TEST_POSTGRESQL).
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services import postgresql_database

if TYPE_CHECKING:  # models need Django's settings, which need the database
    from transcripts.models import Segment, Speaker, Transcript

SEGMENTS = 7_200
SENTENCES = {
    "en": "We met in the morning to speak about the plans for the next year and their cost",
    "ar": "صباح الخير يا عالم هذا اختبار للنص العربي مع أرقام وكلمة في الوسط ثم النهاية",
}
# A format, and what the issue allows: seconds.
LIMITS = {"txt": 1, "srt": 1, "vtt": 1, "json": 1, "csv": 1, "docx": 6, "pdf": 15}


def make_transcript(language: str) -> "Transcript":
    """Store ten hours of speech, as a worker would have."""
    from accounts.models import User
    from tests.transcripts.rows import create_transcript
    from transcripts.models import Segment, Speaker

    transcript = create_transcript(
        owner=User.objects.get_or_create(email="bench@example.org")[0],
        title="Ten hours",
        model_requested="small",
        model_used="small",
        language=language,
        status="completed",
        audio_duration_ms=SEGMENTS * 5_000,
    )
    speakers = [
        Speaker.objects.create(transcript=transcript, position=n, label=f"Speaker {n}")
        for n in (1, 2, 3)
    ]
    Segment.objects.bulk_create(
        (
            _make_segment(transcript, speakers[number // 5 % 3], number, language)
            for number in range(SEGMENTS)
        ),
        batch_size=500,
    )
    return transcript


def _make_segment(
    transcript: "Transcript", speaker: "Speaker", number: int, language: str
) -> "Segment":
    from transcripts.models import Segment

    vocabulary, start_ms = SENTENCES[language].split(), number * 5_000
    sentence = [vocabulary[(number * 3 + place) % len(vocabulary)] for place in range(14)]
    return Segment(
        transcript=transcript,
        speaker=speaker,
        position=number,
        start_ms=start_ms,
        end_ms=start_ms + 4_900,
        text=" ".join(sentence),
        confidence=0.9,
        words=[
            {
                "word": word,
                "start_ms": start_ms + n * 330,
                "end_ms": start_ms + n * 330 + 300,
                "confidence": 0.9,
                "space_before": n > 0,
            }
            for n, word in enumerate(sentence)
        ],
    )


def measure(format_name: str, language: str, paragraphs: str) -> None:
    """Print the seconds, the peak of memory and the size; in this process."""
    import django

    django.setup()
    from transcripts.exports.options import ExportOptions
    from transcripts.exports.render import export, load_for
    from transcripts.models import Transcript

    transcript = Transcript.objects.get(language=language)
    options = ExportOptions(paragraphs=paragraphs == "gathered")
    started, started_cpu = time.perf_counter(), time.process_time()
    document = load_for(format_name, transcript, options)
    loaded = time.perf_counter() - started
    content = export(document, format_name, options)
    seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    print(
        f"{format_name:5} {language} {paragraphs:8} {seconds:6.2f} s, {loaded:5.2f} s reading,"
        f" {cpu:5.2f} s of CPU (limit {LIMITS[format_name]:2} s)  {len(content) / 1e6:6.2f} MB"
        f"  memory {_peak_mb():4.0f} MB",
        flush=True,
    )


def measure_archive(format_name: str, transcripts: str) -> None:
    """Print the growth of memory over an archive of so many transcripts of ten hours."""
    import django

    django.setup()
    from transcripts.exports.archive import write_archive
    from transcripts.exports.options import ExportOptions
    from transcripts.models import Transcript

    one = Transcript.objects.get(language="en")

    async def write() -> None:
        size, peaks_mb = 0, []
        async for chunk in write_archive([one.pk] * int(transcripts), format_name, ExportOptions()):
            size += len(chunk)
            peaks_mb.append(_peak_mb())
        print(
            f"archive of {transcripts} as {format_name}: {size / 1e6:.1f} MB; memory at most"
            f" {peaks_mb[0]:.0f} MB after the first, {peaks_mb[-1]:.0f} MB after the last",
            flush=True,
        )

    asyncio.run(write())


def _peak_mb() -> float:
    """Return the most memory this process had. (`ru_maxrss` begins with its parent's.)"""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (peak,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, postgresql_database() as url:
        os.environ |= {
            "STT_DATA_DIR": folder,
            "STT_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        }
        _fill()
        cases = [(name, "en", "gathered") for name in LIMITS]
        cases += [("docx", "en", "each"), ("pdf", "en", "each"), ("pdf", "ar", "gathered")]
        cases += [("srt", "ar", "gathered"), ("pdf", "ar", "each")]
        for case in [*cases, ("json", "20"), ("srt", "20")]:
            subprocess.run([sys.executable, "-m", "benchmarks.exports", *case], check=True)


def _fill() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    for language in SENTENCES:
        make_transcript(language)
    connections.close_all()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure_archive(*sys.argv[1:])
    elif len(sys.argv) > 1:
        measure(*sys.argv[1:])
    else:
        main()
