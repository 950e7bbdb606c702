"""What exports and imports of ours say of who made a text, for programs. Never translated."""

MACHINE = "machine-generated"
IMPORTED = "imported, origin unknown"
CORRECTION = ", corrected by a person"


def is_machine_origin(origin: str) -> bool:
    """Whether `notice.origin_of` says that of what a machine wrote."""
    return origin in (MACHINE, MACHINE + CORRECTION)


def is_corrected_origin(origin: str) -> bool:
    """Whether `notice.origin_of` says that of what a person has corrected."""
    return origin in (MACHINE + CORRECTION, IMPORTED + CORRECTION)
