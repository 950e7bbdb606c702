"""Who made a text, as our exports and imports state it, for programs. Never translated."""

MACHINE = "machine-generated"
IMPORTED = "imported, origin unknown"
CORRECTION = ", corrected by a person"


def is_machine_origin(origin: str) -> bool:
    """Whether `notice.origin_of` returned that for a machine's text."""
    return origin in (MACHINE, MACHINE + CORRECTION)


def is_corrected_origin(origin: str) -> bool:
    """Whether `notice.origin_of` returned that for a text that a person corrected."""
    return origin in (MACHINE + CORRECTION, IMPORTED + CORRECTION)
