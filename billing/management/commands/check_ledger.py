"""`manage.py check_ledger`: fails, and names the figures, where a balance isn't its sum."""

from django.core.management.base import BaseCommand, CommandError

from billing.audit import check_ledger


class Command(BaseCommand):
    help = "Compare every cached balance with the sum of its ledger entries."

    def handle(self, *args: object, **options: object) -> None:
        discrepancies = check_ledger()
        for discrepancy in discrepancies:
            self.stderr.write(str(discrepancy))
        if discrepancies:
            raise CommandError(f"{len(discrepancies)} figures are not the sum of their entries.")
        self.stdout.write("Every balance is the sum of its entries.")
