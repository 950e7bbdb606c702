"""`manage.py move_media --to s3|folder`: recordings and what is made of them, to a bucket or back.

Run it with the product stopped, with STT_S3_* and STT_MEDIA_DIR set; as often as you like. Uploads
and live sessions that are open are not moved: without `--leave-unfinished` it refuses.
"""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError
from transcripts.retention.local_copies import alone_in
from transcripts.services.media_moves import (
    MovableFile,
    find_unfinished,
    free_bytes,
    list_local,
    list_stored,
    move_to_bucket,
    move_to_folder,
)

_REPORT_EVERY_S = 2.0
_NAMED = 10


class Command(BaseCommand):
    help = "Move recordings, and what was made of them, to the bucket of STT_S3_BUCKET or back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", choices=("s3", "folder"), required=True)
        parser.add_argument("--dry-run", action="store_true", help="count them only")
        parser.add_argument(
            "--leave-unfinished",
            action="store_true",
            help="move the rest; uploads and live sessions that are open can't go on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not media_store.is_remote():
            raise CommandError("There is no bucket: set STT_S3_BUCKET and its kin.")
        root = Path(settings.MEDIA_ROOT)
        root.mkdir(parents=True, exist_ok=True)
        # Race: of two that look where a file is and then remove it, each could remove the other's.
        with alone_in(root) as is_alone:
            if not is_alone:
                raise CommandError("Another move_media or the product is at work in this folder.")
            self._run(options)

    def _run(self, options: dict[str, Any]) -> None:
        is_to_bucket = options["to"] == "s3"
        try:
            files = list(list_local() if is_to_bucket else list_stored())
        except StorageUnavailableError as error:
            raise CommandError("The bucket is not reached: manage.py doctor says why.") from error
        total = sum(file.size for file in files)
        self.stdout.write(f"{len(files)} files, {total / 1e9:.2f} GB.")
        unfinished = _describe_unfinished()
        if unfinished:
            self.stdout.write(unfinished)
        if options["dry_run"]:
            return
        if unfinished and not options["leave_unfinished"]:
            raise CommandError(
                "Nothing is moved: start the product, and let them end; or --leave-unfinished."
            )
        if not is_to_bucket and total > free_bytes():
            raise CommandError(f"There is room for {free_bytes() / 1e9:.2f} GB in STT_MEDIA_DIR.")
        failed = self._move(files, is_to_bucket=is_to_bucket)
        if failed:
            raise CommandError(
                f"{failed} files could not be moved, and are where they were. Run it again."
            )
        self.stdout.write("All but these are moved." if unfinished else "All are moved.")

    def _move(self, files: list[MovableFile], *, is_to_bucket: bool) -> int:
        """Return how many could not be moved."""
        failed = moved_bytes = 0
        reported_s = time.monotonic()
        for number, file in enumerate(files, 1):
            try:
                (move_to_bucket if is_to_bucket else move_to_folder)(file)
            except (StorageUnavailableError, OSError) as error:
                failed += 1
                self.stderr.write(f"{file.key}: {type(error).__name__}")
            moved_bytes += file.size
            if time.monotonic() - reported_s >= _REPORT_EVERY_S:
                reported_s = time.monotonic()
                self.stdout.write(f"{number} of {len(files)} files, {moved_bytes / 1e9:.2f} GB")
        return failed


def _describe_unfinished() -> str:
    """Return a line for each kind that there is; empty: nothing is open."""
    found = find_unfinished()
    kinds = (("uploads that are not complete", found.uploads), ("live sessions", found.sessions))
    return "\n".join(
        f"Not moved, {len(ids)} {kind}: {', '.join(map(str, ids[:_NAMED]))}"
        + (", ..." if len(ids) > _NAMED else "")
        for kind, ids in kinds
        if ids
    )
