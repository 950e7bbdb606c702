"""Where a child begins. The parent imports this, and so never loads FFmpeg itself."""

from multiprocessing.connection import Connection

from transcripts.media.messages import MediaTask


def run_child(connection: Connection, job: MediaTask) -> None:
    from transcripts.media.child import serve  # loaded by the fork server already

    serve(connection, job)
