"""STT_S3_*: the bucket that recordings lie in, as Django's STORAGES describes a storage."""

from stt_web.core.env import check_together, read_choice, read_env_text, read_float


def read_media_storage() -> dict[str, object] | None:
    """Return the entry; None where no bucket is set. Raises BadSettingError."""
    bucket = read_env_text("STT_S3_BUCKET", "")
    endpoint = read_env_text("STT_S3_ENDPOINT", "")
    access_key = read_env_text("STT_S3_ACCESS_KEY", "")
    secret_key = read_env_text("STT_S3_SECRET_KEY", "")
    check_together("STT_S3_ACCESS_KEY", access_key, "STT_S3_SECRET_KEY", secret_key)
    if not bucket:
        return None
    options: dict[str, object] = {
        "bucket_name": bucket,
        "endpoint_url": endpoint or None,
        "region_name": read_env_text("STT_S3_REGION", "us-east-1"),
        "location": read_env_text("STT_S3_PREFIX", "").strip("/"),
        "addressing_style": read_choice(
            "STT_S3_ADDRESSING", "path" if endpoint else "auto", ("path", "virtual", "auto")
        ),
        "timeout_s": read_float("STT_S3_TIMEOUT_S", 10.0),
    }
    if access_key:  # else the environment's, a file's or the machine's role, as boto3 finds them
        options |= {"access_key": access_key, "secret_key": secret_key}
    return {"BACKEND": "stt_web.core.media_store.storage.MediaStorage", "OPTIONS": options}
