"""`manage.py purge_bucket`: what of the bucket no row of the database knows, as the sweep finds it.

For an operator who has seen `event=orphans_not_removed`: the sweep stops where that is most of the
recordings, since the bucket may be another installation's.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError
from transcripts.retention.purge import find_stored_orphans, remove_stored_orphans

_NAMED = 10


class Command(BaseCommand):
    help = "List the folders of the bucket that no row of the database knows; remove them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--remove",
            action="store_true",
            help="remove them, also where they are most of it: it is this installation's bucket",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not media_store.is_remote():
            raise CommandError("There is no bucket: set STT_S3_BUCKET and its kin.")
        try:
            self._run(is_removing=options["remove"])
        except StorageUnavailableError as error:
            raise CommandError("The bucket is not reached: manage.py doctor says why.") from error

    def _run(self, *, is_removing: bool) -> None:
        """Raises StorageUnavailableError, CommandError."""
        found = find_stored_orphans()
        names = [*found.made, *found.foreign]
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        self.stdout.write(f"{len(names)} folders that no row knows{': ' if names else ''}{shown}.")
        if is_removing:
            remove_stored_orphans(names)
            left = find_stored_orphans()
            if rest := len(left.made) + len(left.foreign):
                raise CommandError(f"{rest} of them could not be removed. Run it again.")
            self.stdout.write("They are removed.")
        elif found.are_most:
            self.stdout.write(
                "The sweep leaves them, since they are most of the recordings in the bucket. If it"
                " is this installation's bucket, run this with --remove."
            )
