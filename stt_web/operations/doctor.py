"""`manage.py doctor`: which checks there are."""

from functools import partial

from stt_web.operations.findings import Check, Diagnosis, run_checks
from stt_web.operations.inference_checks import check_inference
from stt_web.operations.machine_checks import (
    check_disk,
    check_ffmpeg,
    check_memory,
    check_secrets,
    check_settings,
)
from stt_web.operations.outside_checks import check_outside
from stt_web.operations.service_checks import check_broker, check_database, check_mail
from stt_web.operations.storage_checks import check_storage
from stt_web.operations.wakeup_checks import check_wakeups
from stt_web.operations.weights_checks import check_model_files
from stt_web.operations.worker_checks import check_workers

WITHIN_S = 9.0


def examine(*, url: str = "", with_network: bool = False) -> list[Diagnosis]:
    """Return all findings, within ten seconds.

    `url`: looked at from outside, too. `with_network`: so are the places that weights come from.
    """
    checks = [
        Check("settings", check_settings),
        Check("secrets", check_secrets),
        Check("disk", check_disk),
        Check("storage", check_storage),
        Check("memory", check_memory),
        Check("ffmpeg", check_ffmpeg),
        Check("database", check_database),
        Check("broker", check_broker),
        Check("workers", check_workers),
        Check("mail", check_mail),
        Check("events", check_wakeups),
        Check("inference", check_inference),
        Check("weights", partial(check_model_files, with_network=with_network)),
    ]
    if url:
        checks.append(Check("outside", partial(check_outside, url.rstrip("/"))))
    return run_checks(checks, within_s=WITHIN_S)
