"""What a refusal of the API says to who reads a page in another language than English.

The API answers programs and people in English, with a code. A page in English shows its sentence as
it is, which says most; another one shows the sentence of the code from here, and `{reason}`, the
API's own, where the code alone says too little.
"""

from django.utils.translation import gettext_lazy

_BUSY = gettext_lazy("The server is busy. Try again in a while.")
_NOT_ACCEPTED = gettext_lazy("The server did not accept this: {reason}")
_UNREADABLE = gettext_lazy("This is not a recording that the server can read.")
REFUSALS = {
    "concurrency_limit": gettext_lazy("Too many of your recordings are in progress already."),
    "deleted": gettext_lazy("This transcript has been deleted."),
    "empty_text": gettext_lazy("There is no text to work with."),
    "export_failed": gettext_lazy("The file could not be made. Try again later."),
    "file_too_large": gettext_lazy("The file is too large."),
    "forbidden": gettext_lazy("You are not allowed to do this."),
    "inference_error": gettext_lazy("The model failed. Try again."),
    "inference_full": _BUSY,
    "inference_unavailable": gettext_lazy(
        "The speech service can't be reached. Try again in a while."
    ),
    "internal_error": gettext_lazy("Something went wrong on the server. Try again later."),
    "invalid_request": _NOT_ACCEPTED,
    "invalid_value": _NOT_ACCEPTED,
    "language_not_supported": gettext_lazy("The model does not support this language."),
    "model_failed": gettext_lazy("The model failed. Try again."),
    "no_credits": gettext_lazy("You have no minutes left."),
    "no_recording": gettext_lazy("The recording has been deleted."),
    "not_finished": gettext_lazy("This transcript is not finished yet."),
    "not_found": gettext_lazy("It is not there any more. Reload the page."),
    "not_installed": gettext_lazy("The model for this is not installed on the server."),
    "not_translated": gettext_lazy("There is no translation into this language."),
    "queue_full": _BUSY,
    "rate_limited": gettext_lazy("Too many requests. Wait a moment, then try again."),
    "recording_deleted": gettext_lazy("The recording has been deleted."),
    "redaction_failed": gettext_lazy(
        "Some personal data would have stayed in the file, so it was not made."
    ),
    "second_pass_refused": gettext_lazy("This can't be transcribed again now: {reason}"),
    "speakers_not_available": gettext_lazy("The model for speakers is not installed."),
    "still_processing": gettext_lazy("It is still being worked on. Try again in a while."),
    "storage_full": gettext_lazy("The server's disk is full."),
    "text_timeout": gettext_lazy("The model took too long. Try again later."),
    "text_too_long": gettext_lazy("The text is too long for this."),
    "texts_full": _BUSY,
    "too_many_results": gettext_lazy("There are too many results. Delete some of them first."),
    "unknown_model": gettext_lazy("There is no such model on this server."),
    "unknown_speaker": gettext_lazy("There is no such speaker any more."),
    "unsupported_audio": _UNREADABLE,
    "unsupported_media_type": _UNREADABLE,
}
