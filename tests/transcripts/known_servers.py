"""What this process knows of inference servers, discarded before another one has a new port.

A port may be one that an earlier test's server had: its channel waits before it connects again, its
catalogue is of the other server. Only another process would meet it as new.
"""

from transcripts.inference import channel, live, routing


def discard_servers() -> None:
    channel._caches.clear()
    live._caches.clear()
    routing._catalogs._entries.clear()
