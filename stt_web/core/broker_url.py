"""The broker: what Celery's transport needs beside the address, for each kind of it."""

from pathlib import Path

# A broker that is down must not hold up a request: two attempts at once (measured: 0.1 s instead
# of 6 s until the refusal); the sweeper enqueues it again. Workers reconnect by rules of their own.
_FEW_TRIES: dict[str, object] = {"max_retries": 1, "interval_start": 0, "interval_max": 0.1}


def read_broker_options(url: str, *, folder: Path) -> dict[str, object]:
    """Return `broker_transport_options`. Of `filesystem://`, make `folder` and what is in it."""
    if url.startswith("filesystem"):
        for name in ("queue", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        return _FEW_TRIES | {
            # In and out are one folder: every process reads what any process wrote.
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.05,
        }
    if url.startswith("redis"):
        return _FEW_TRIES | {
            # A task that outlives it is delivered twice; leases make it harmless.
            "visibility_timeout": 6 * 3600,
            "socket_connect_timeout": 2,
            # Of a Redis that is frozen, or has vanished from the network; workers ask each second.
            "socket_timeout": 4,
            "socket_keepalive": True,
        }
    return dict(_FEW_TRIES)
