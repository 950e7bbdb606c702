"""`manage.py doctor`: what is amiss with this installation, and its cure. It changes nothing."""

import json
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from stt_web.operations.doctor import examine
from stt_web.operations.findings import Level

_MARKS = {Level.OK: "ok     ", Level.WARNING: "warning", Level.FAILURE: "FAILURE"}


class Command(BaseCommand):
    help = "Check settings, machine, database, broker, workers, mail, every inference replica."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document")
        parser.add_argument(
            "--url",
            default=settings.PUBLIC_URL,
            help="look at this address from outside, through the proxy (default: STT_PUBLIC_URL)",
        )

        parser.add_argument(
            "--network",
            action="store_true",
            help="also try the places that weights are fetched from",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine(url=options["url"], with_network=options["network"])
        worst = max((finding.level for finding in findings), default=Level.OK)
        if options["json"]:
            listed = [finding.as_json() for finding in findings]
            text = json.dumps({"worst": worst.name.lower(), "findings": listed}, indent=2)
            self.stdout.write(text)
        else:
            for finding in findings:
                self.stdout.write(f"{_MARKS[finding.level]} {finding.subject}: {finding.sentence}")
                if finding.cure:
                    self.stdout.write(f"        → {finding.cure}")
        self.stdout.flush()
        sys.stderr.flush()
        # At once: a check that hangs in a library would hold up the interpreter's own end.
        os._exit(int(worst))
