"""Firefox, as Playwright starts it, between them a socket that answers what this Firefox can't.

Playwright drives an ordinary Firefox by WebDriver BiDi (channel "moz-firefox"), and gives every
context a colour scheme, for which Firefox 153 (Debian's ESR) has no command yet. That one command
is answered here, and does nothing: a scheme comes by a preference at the start. All else is passed
on as it is.
"""

import json
import subprocess
import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.sync.server import ServerConnection, serve

_UNKNOWN = "emulation.setMediaFeaturesOverride"
_ANNOUNCEMENT = "WebDriver BiDi listening on "


def main(command: list[str]) -> int:
    """Run Firefox; what it announces is this socket's address instead of its own."""
    firefox = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert firefox.stderr is not None
    for line in firefox.stderr:
        if line.startswith(_ANNOUNCEMENT):
            line = _ANNOUNCEMENT + _bridge(line.removeprefix(_ANNOUNCEMENT).strip())
        print(line, file=sys.stderr, flush=True)  # noqa: T201  # where Playwright reads it
    return firefox.wait()


def _bridge(firefox_url: str) -> str:
    def answer(client: ServerConnection) -> None:
        assert client.request is not None
        with connect(firefox_url + client.request.path, max_size=None, compression=None) as firefox:
            back = threading.Thread(target=_pass_on, args=(firefox, client))
            back.start()
            _pass_on(client, firefox)
            back.join()

    server = serve(answer, "127.0.0.1", 0, max_size=None, compression=None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"ws://127.0.0.1:{server.socket.getsockname()[1]}"


def _pass_on(source: Connection, target: Connection) -> None:
    try:
        for message in source:
            if isinstance(message, str) and _UNKNOWN in message:
                call = json.loads(message)
                if call.get("method") == _UNKNOWN:
                    source.send(json.dumps({"type": "success", "id": call["id"], "result": {}}))
                    continue
            target.send(message)
    except ConnectionClosed:
        pass
    target.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
