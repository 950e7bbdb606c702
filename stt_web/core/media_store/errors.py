"""What the bucket says of one object. That it is away is `core.outages.StorageUnavailableError`."""


class ObjectNotFoundError(FileNotFoundError):
    """The bucket answers, and has no such object: no file or folder of this machine's is meant."""
