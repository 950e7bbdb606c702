"""STT_S3_*: the bucket that recordings lie in, as Django's STORAGES describes a storage."""

from typing import Final

from stt_web.core.env import (
    BadSettingError,
    check_at_least,
    check_together,
    read_choice,
    read_env_text,
    read_float,
    read_int,
)

_LONGEST_URL_S: Final = 7 * 24 * 3600  # of AWS Signature Version 4
_SHORTEST_TIMEOUT_S: Final = 0.5


def read_media_storage() -> dict[str, object] | None:
    """Return the entry; None where no bucket is set. Raises BadSettingError."""
    bucket = read_env_text("STT_S3_BUCKET", "")
    endpoint = read_env_text("STT_S3_ENDPOINT", "")
    access_key = read_env_text("STT_S3_ACCESS_KEY", "")
    secret_key = read_env_text("STT_S3_SECRET_KEY", "")
    check_together("STT_S3_ACCESS_KEY", access_key, "STT_S3_SECRET_KEY", secret_key)
    if not bucket:
        return None
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise BadSettingError("STT_S3_ENDPOINT must begin with http:// or https://.")
    timeout_s = read_float("STT_S3_TIMEOUT_S", 10.0)
    least = _SHORTEST_TIMEOUT_S
    check_at_least("STT_S3_TIMEOUT_S", timeout_s, least=least, reason="a server needs some time")
    options: dict[str, object] = {
        "bucket_name": bucket,
        "endpoint_url": endpoint or None,
        "region_name": read_env_text("STT_S3_REGION", "us-east-1"),
        "location": read_env_text("STT_S3_PREFIX", "").strip("/"),
        "addressing_style": read_choice(
            "STT_S3_ADDRESSING", "path" if endpoint else "auto", ("path", "virtual", "auto")
        ),
        "timeout_s": timeout_s,
    }
    if access_key:  # else the environment's, a file's or the machine's role, as boto3 finds them
        options |= {"access_key": access_key, "secret_key": secret_key}
    return {"BACKEND": "stt_web.core.media_store.storage.MediaStorage", "OPTIONS": options}


def read_url_s() -> int:
    """Return how long a signed address is good, in seconds. Raises BadSettingError."""
    url_s = read_int("STT_S3_URL_S", 300, at_least=1)
    if url_s > _LONGEST_URL_S:
        raise BadSettingError(
            f"STT_S3_URL_S is {url_s}, but must be at most {_LONGEST_URL_S}: servers refuse"
            " addresses that are good for longer."
        )
    return url_s
