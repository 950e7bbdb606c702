"""Which addresses a recording may be fetched from, as far as that shows before anything is asked.

    FetchError (MediaError, 400)    code: invalid_url, not_a_media_address, address_refused,
                                    fetch_failed, fetch_too_slow, file_too_large

Hosts are resolved, checked and pinned by `transcripts.webhooks.addresses`, as for webhooks.
"""

from urllib.parse import unquote, urlsplit

from django.conf import settings

from stt_web.core.upload_reader import clean_file_name
from transcripts.media.errors import MediaError
from transcripts.webhooks.addresses import BadUrlError, Target, check_literal, read_url

# Of these the address leads to a page with a player; the recording itself is not given away.
_PAGE_HOSTS = (
    "youtube.com", "youtu.be", "youtube-nocookie.com", "vimeo.com", "dailymotion.com", "dai.ly",
    "twitch.tv", "tiktok.com", "facebook.com", "fb.watch", "instagram.com", "x.com", "twitter.com",
    "soundcloud.com", "open.spotify.com", "podcasts.apple.com", "bilibili.com", "rumble.com",
    "loom.com", "drive.google.com", "zoom.us",
)  # fmt: skip
NOT_MEDIA = (
    "This is the address of a web page, not of a recording. Download the recording from there, and"
    " upload the file; or give the address of the file itself (it often ends in .mp3 or .mp4)."
)


class FetchError(MediaError):
    """The recording can't be fetched from its address; the sentence says why."""

    code = "fetch_failed"


FETCH_ERRORS = (
    FetchError("invalid_url", "This is not an address that a recording can be fetched from."),
    FetchError("not_a_media_address", "The address is a web page's, not a recording's."),
    FetchError("address_refused", "The address leads to a private network."),
    FetchError("fetch_failed", "There is no file at the address, or its server can't be reached."),
    FetchError("fetch_too_slow", "The server at the address was too slow."),
)


def check_address(url: str) -> Target:
    """Return the address taken apart. Raises FetchError. Nothing is resolved."""
    try:
        target = read_url(url.strip(), allows_http=True)
        check_literal(target, allowed=settings.FETCH_ALLOWED_NETWORKS)
    except BadUrlError as error:
        message = error.message.replace("begin with https://", "begin with http:// or https://")
        if error.code == "address_refused":
            message = "Recordings are not fetched from private or special addresses."
        raise FetchError(error.code, message) from None
    host = target.host.lower().removeprefix("www.")
    if any(host == each or host.endswith(f".{each}") for each in _PAGE_HOSTS):
        raise FetchError("not_a_media_address", NOT_MEDIA)
    return target


def name_of(url: str) -> str:
    """Return what the file is called, by the last part of its address; else its host."""
    parts = urlsplit(url)
    return clean_file_name(unquote(parts.path.rstrip("/").rpartition("/")[2])) or parts.netloc[:255]
