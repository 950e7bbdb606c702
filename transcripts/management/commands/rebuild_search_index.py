"""`manage.py rebuild_search_index`: index every transcript again, beside a running server."""

from django.core.management.base import BaseCommand

from transcripts.search.index import rebuild_index


class Command(BaseCommand):
    help = "Index the words of every transcript anew: after an upgrade, or a restored backup."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{rebuild_index()} transcripts are indexed.")
