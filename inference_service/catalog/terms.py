"""Terms of weights that an operator must accept: shown by `pull`, recorded beside the weights.

Without the record the weights don't count as installed, also where they were copied by hand: their
publisher's conditions hold for these copies, too.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from inference_service.catalog.entries import CatalogueModel
from inference_service.catalog.errors import TermsNotAcceptedError

TERMS_FILE = "TERMS.json"

Report = Callable[[str], None]


def check_terms(
    model: CatalogueModel, *, is_accepted: bool, takes_payments: bool, report: Report
) -> None:
    """Show the model's terms, if any. Raises TermsNotAcceptedError where they forbid this server,
    or aren't accepted.
    """
    if model.terms is None:
        return
    report(
        f"Terms of {model.name} ({model.licence.spdx}), {model.terms.url}:\n  {model.terms.summary}"
    )
    if model.terms.forbids_payments and takes_payments:
        raise TermsNotAcceptedError(
            f"The licence of {model.id} ({model.licence.spdx}) forbids commercial use, and this "
            "server takes payments (STT_STRIPE_SECRET_KEY is set)."
        )
    if not is_accepted:
        raise TermsNotAcceptedError(
            f"Nothing was fetched: {model.id} has terms. If you accept them, run "
            f"`python -m inference_service.catalog pull {model.id} --accept-terms`."
        )


def record_acceptance(model: CatalogueModel, folder: Path) -> None:
    """Write into the model's folder what was accepted, and when. Raises OSError."""
    if model.terms is None:
        return
    record = {
        "model": model.id,
        "licence": model.licence.spdx,
        "url": model.terms.url,
        "terms": model.terms.summary,
        "digest": _digest(model),
        "accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (folder / TERMS_FILE).write_text(text, encoding="utf-8")


def are_terms_accepted(model: CatalogueModel, folder: Path) -> bool:
    """Whether these very terms are recorded as accepted in the folder; True where it has none."""
    if model.terms is None:
        return True
    try:
        record = json.loads((folder / TERMS_FILE).read_text(encoding="utf-8"))
        return bool(record["digest"] == _digest(model))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digest(model: CatalogueModel) -> str:
    terms = model.terms
    accepted = f"{model.licence.spdx}\n{terms.url}\n{terms.summary}" if terms else ""
    return hashlib.sha256(accepted.encode()).hexdigest()
