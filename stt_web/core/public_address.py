"""The address by which people reach this server.

`STT_PUBLIC_URL` where it is set: what a request claims (`Host`, its scheme) then counts for
nothing. Without it, an address is that of the request, whose host STT_ALLOWED_HOSTS has checked and
whose scheme is `ForwardedSchemeLayer`'s.
"""

from django.conf import settings
from django.http import HttpRequest


def absolute_url(request: HttpRequest, path: str) -> str:
    """Return the whole address of a path of ours; `path` begins with a slash."""
    return (
        f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    )
