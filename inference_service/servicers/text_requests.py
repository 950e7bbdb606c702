"""What the calls of stt.v1.Language share: bounds on texts, the class of a call.

Raises BadRequestError, whose sentence goes to the client with INVALID_ARGUMENT.
"""

from collections.abc import Sequence

from inference_service.priority import Priority
from inference_service.servicers.requests import BadRequestError
from protos.stt.v1 import language_pb2

_PRIORITIES = {
    language_pb2.TEXT_CLASS_UNSPECIFIED: Priority.BULK,
    language_pb2.TEXT_CLASS_INTERACTIVE: Priority.SHORT,
    language_pb2.TEXT_CLASS_BULK: Priority.BULK,
}


def check_deadline(*, has_deadline: bool) -> None:
    if not has_deadline:
        raise BadRequestError("The call has no deadline.")


def read_text_class(text_class: language_pb2.TextClass.ValueType) -> Priority:
    if text_class not in _PRIORITIES:
        raise BadRequestError("The class of the call is unknown.")
    return _PRIORITIES[text_class]


def check_texts(texts: Sequence[str], *, at_most: int, most_bytes: int) -> None:
    if not texts:
        raise BadRequestError("There are no texts.")
    if len(texts) > at_most:
        raise BadRequestError(f"There are more than {at_most} texts in one call.")
    if sum(len(text.encode()) for text in texts) > most_bytes:
        raise BadRequestError(f"The texts are larger than {most_bytes >> 20} MiB together.")
