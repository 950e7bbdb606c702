"""`manage.py check_mark FILE…`: whether files are speech that was made here, and why.

Ends with 0 where all are ours, with 1 where one isn't, or isn't proven to be.
"""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from transcripts.inference.servers import shared_server
from transcripts.voices.marking.inspection import inspect_file

_VERDICTS = {
    "ours": "made here",
    "likely": "probably synthetic, but not proven to be made here",
    "unknown": "no mark of ours",
}


class Command(BaseCommand):
    help = "Check whether a file is speech that this installation made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument(
            "--no-watermark",
            action="store_true",
            help="don't ask the inference service for the watermark",
        )

    def handle(
        self, *args: object, files: list[Path], no_watermark: bool, **options: object
    ) -> None:
        server = None if no_watermark else shared_server()
        are_ours = True
        for path in files:
            try:
                found = inspect_file(path, server=server)
            except OSError as error:
                raise CommandError(f"{path} can't be read: {error.strerror}.") from error
            are_ours &= found.verdict == "ours"
            self.stdout.write(f"{path}: {_VERDICTS[found.verdict]}")
            for reason in found.reasons:
                self.stdout.write(f"  {reason}")
        if not are_ours:
            raise SystemExit(1)
