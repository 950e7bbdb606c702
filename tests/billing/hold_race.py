"""`python -m tests.billing.hold_race PROCESSES HOLDS CREDITS MINUTES`: everybody at once.

Each process places HOLDS holds of a minute on one account, on the database of STT_DATABASE_URL.
Prints one line of JSON: what was held and refused, what is left, whether the ledger adds up, and
how long a hold took (95th percentile, ms).
"""

import json
import multiprocessing
import os
import statistics
import sys
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

import django


def main(processes: int, holds: int, credits: int, minutes: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "stt_web.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from billing.audit import check_ledger
    from billing.ledger import read_balance
    from billing.models import BillingAccount
    from tests.billing.conftest import create_account

    call_command("migrate", verbosity=0)
    account = create_account(credits=credits, minutes=minutes)
    connections.close_all()  # each child opens its own

    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(processes), context.Queue()
    children = [
        context.Process(target=_hold, args=(str(account.pk), number, holds, start, results))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    outcomes = [results.get(timeout=100) for _ in range(processes)]
    for child in children:
        child.join()

    times_ms = [took for _, took_ms in outcomes for took in took_ms]
    held = sum(count for count, _ in outcomes)
    balance = read_balance(BillingAccount.objects.get(pk=account.pk))
    print(  # noqa: T201  # the answer to the test that runs this
        json.dumps(
            {
                "held": held,
                "refused": processes * holds - held,
                "credits": balance.credits,
                "minutes_left": balance.minutes_left,
                "discrepancies": [str(found) for found in check_ledger()],
                "p95_ms": round(statistics.quantiles(times_ms, n=20)[-1], 1),
            }
        )
    )


def _hold(
    account_id: str,
    number: int,
    holds: int,
    start: Barrier,
    results: "Queue[tuple[int, list[float]]]",
) -> None:
    from billing.ledger import NoCreditsError, place_hold
    from billing.models import BillingAccount

    account = BillingAccount.objects.get(pk=account_id)  # opens the connection
    start.wait(timeout=60)
    held, times_ms = 0, []
    for attempt in range(holds):
        began = time.perf_counter()
        try:
            place_hold(f"{number}-{attempt}", account=account, minutes=1)
            held += 1
        except NoCreditsError:
            pass
        times_ms.append((time.perf_counter() - began) * 1000)
    results.put((held, times_ms))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
