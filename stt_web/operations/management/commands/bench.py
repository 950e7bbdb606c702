"""`manage.py bench`: how fast this installation is on this machine. It leaves nothing behind."""

import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailure

from stt_web.operations.bench.run import (
    LONGEST_S,
    SHORTEST_S,
    USUAL_S,
    MeteredPlanError,
    run_bench,
)


class Command(BaseCommand):
    help = "Measure recogniser, short clips, live sessions, uploads, list and search."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document")
        parser.add_argument(
            "--seconds",
            type=float,
            default=USUAL_S,
            help=f"about how long in all, {SHORTEST_S:.0f} to {LONGEST_S:.0f} (default: 60)",
        )
        parser.add_argument(
            "--url",
            default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}",
            help="the web process to measure (default: the one of this machine)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        seconds = options["seconds"]
        if not SHORTEST_S <= seconds <= LONGEST_S:
            raise CommandError(
                f"--seconds is {seconds:g}; it must be {SHORTEST_S:.0f} to {LONGEST_S:.0f}."
            )
        try:
            report = run_bench(options["url"], within_s=seconds)
        except MeteredPlanError as error:
            raise CommandError(str(error)) from None
        except DatabaseFailure as error:
            raise CommandError(f"The database is not reached: {type(error).__name__}.") from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self.stdout.write("\n".join(report.as_table()))
