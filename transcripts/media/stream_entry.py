"""Where a streaming decoder's child begins; as `entry`, FFmpeg stays out of the parent."""

import socket

from transcripts.media.stream_messages import StreamSource


def run_stream_child(link: socket.socket, source: StreamSource) -> None:
    from transcripts.media.stream_child import serve_stream  # loaded by the fork server already

    serve_stream(link, source)
