"""Reading what is asked of a text: JSON, checked field by field, with a sentence for each fault."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from stt_web.core.errors import ApiError
from transcripts.pii.kinds import ALL_KINDS, PiiKind

MOST_TEXTS = 2_048
_MOST_NAME = 100
_MOST_NOTES = 2_000


class Body:
    """The fields of a JSON object. Every method raises ApiError 400."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    @classmethod
    def from_data(cls, data: object) -> "Body":
        """Return the fields of what was parsed. Raises ApiError."""
        if not isinstance(data, dict):
            raise ApiError("The body must be a JSON object such as {}.", code="malformed_body")
        return cls(data)

    def has(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str = "text") -> str:
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise ApiError(f"{name} is missing: send it as a string.", code="invalid_value")
        return value

    def texts(self, name: str = "texts") -> list[str]:
        value = self._fields.get(name)
        is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if value is None or not is_list or not value:
            raise ApiError(f"{name} must be a list of one or more strings.", code="invalid_value")
        if len(value) > MOST_TEXTS:
            raise ApiError(
                f"{name} may have at most {MOST_TEXTS} texts: send them in several requests.",
                code="too_many_texts",
            )
        return list(value)

    def choice(self, name: str, known: Collection[str], *, default: str = "") -> str:
        value = self._fields.get(name)
        chosen = default if value is None else value
        if not isinstance(chosen, str) or chosen not in known:
            names = ", ".join(known)
            shown = f", not {chosen!r:.60}" if chosen else ""
            raise ApiError(f"{name} must be one of {names}{shown}.", code="invalid_value")
        return chosen

    def name(self, name: str) -> str:
        """Return a short string, empty where it is missing."""
        value = self._fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > _MOST_NAME:
            raise ApiError(f"{name} must be a short string.", code="invalid_value")
        return value.strip()

    def flag(self, name: str) -> bool | None:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise ApiError(f"{name} must be true or false.", code="invalid_value")
        return value

    def notes(self, name: str = "notes") -> str:
        value = self._fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > _MOST_NOTES:
            raise ApiError(
                f"{name} must be a text of at most {_MOST_NOTES} characters.", code="invalid_value"
            )
        return value.strip()

    def uuid(self, name: str) -> UUID | None:
        value = self._fields.get(name)
        if value is None:
            return None
        try:
            return UUID(value)
        except (ValueError, AttributeError, TypeError):
            raise ApiError(f"{name} is no id of ours.", code="invalid_value") from None

    def uuids(self, name: str, *, most: int) -> list[UUID]:
        value = self._fields.get(name)
        if value is None:
            return []
        asked = _as_list(value, name)
        if not asked or len(asked) > most:
            raise ApiError(f"{name} must list 1 to {most} ids.", code="invalid_value")
        return [found for each in asked if (found := Body({name: each}).uuid(name)) is not None]

    def objects(self, name: str) -> list[dict[str, Any]]:
        """Return a list of JSON objects."""
        listed = _as_list(self._fields.get(name), name)
        if not all(isinstance(each, dict) for each in listed):
            raise ApiError(f"{name} must be a list of objects.", code="invalid_value")
        return listed

    def values(self, name: str) -> list[str]:
        """Return a list of strings, empty where it is missing."""
        listed = _as_list(self._fields.get(name) or [], name)
        if not all(isinstance(each, str) for each in listed):
            raise ApiError(f"{name} must be a list of strings.", code="invalid_value")
        return listed

    def seconds(self, name: str) -> float | None:
        value = self._fields.get(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value < 0:
            raise ApiError(f"{name} must be a number of seconds.", code="invalid_value")
        return float(value)

    def day(self, name: str) -> date | None:
        value = self.name(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise ApiError(
                f"{name} must be a day such as 2026-11-18.", code="invalid_value"
            ) from None

    def pii_kinds(self, name: str = "types") -> Sequence[PiiKind]:
        value = self._fields.get(name)
        if value is None:
            return ALL_KINDS
        known = {kind.value: kind for kind in ALL_KINDS}
        asked = [each.upper() if isinstance(each, str) else "" for each in _as_list(value, name)]
        unknown = [each for each in asked if each not in known]
        if unknown or not asked:
            raise ApiError(f"{name} may list {', '.join(known)}.", code="invalid_value")
        return [known[each] for each in dict.fromkeys(asked)]


def _as_list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ApiError(f"{name} must be a list.", code="invalid_value")
    return value
