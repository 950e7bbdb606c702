"""What Celery beat enqueues, and how often: all that nobody asks for."""

_LONGEST_EXPIRY_S = 3600.0


def make_beat_schedule(*, sweep_s: float) -> dict[str, dict[str, object]]:
    """Return Celery's `beat_schedule`; `sweep_s` is how often lost work is looked for."""
    return {
        "sweep": _every(sweep_s, "transcripts.sweep"),
        "send-mail": _every(30, "accounts.sweep_mail"),
        "delete-closed-accounts": _every(60, "accounts.delete_closed_accounts"),
        "deliver-webhooks": _every(5, "transcripts.deliver_webhooks", queue="webhooks"),
        "purge-expired": _every(600, "transcripts.purge_expired"),
        "collect-debts": _every(60, "billing.collect_debts"),
        "apply-retention": _every(1800, "transcripts.apply_retention"),
        "purge-stored-orphans": _every(1800, "transcripts.purge_stored_orphans"),
        "index-for-search": _every(10, "transcripts.index_for_search"),
        "purge-sessions": _every(6 * 3600, "accounts.purge_sessions"),
        "purge-anonymous": _every(300, "transcripts.purge_anonymous"),
    }


def _every(seconds: float, task: str, *, queue: str = "housekeeping") -> dict[str, object]:
    """A message that no worker took by the next one expires: they don't pile up."""
    expires = min(max(seconds, 5.0), _LONGEST_EXPIRY_S)
    return {"task": task, "schedule": seconds, "options": {"queue": queue, "expires": expires}}
