"""A process of `make run`: its lines are shown, it is started again, and it leaves nothing."""

import asyncio
import os
import sys
from io import StringIO
from pathlib import Path

from stt_web.supervisor.child import ManagedProcess
from stt_web.supervisor.commands import ProcessCommand
from stt_web.supervisor.console import Console


def manage(script: str, out: StringIO) -> ManagedProcess:
    command = ProcessCommand(name="sample", argv=(sys.executable, "-c", script))
    return ManagedProcess(command, env=dict(os.environ), console=Console(out))


async def wait_for(out: StringIO, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in out.getvalue():
            await asyncio.sleep(0.02)


def test_its_lines_have_its_name_and_its_status_is_returned() -> None:
    out = StringIO()
    script = "import sys; print('to stdout'); print('to stderr', file=sys.stderr); sys.exit(3)"
    assert asyncio.run(manage(script, out).run_to_end()) == 3
    lines = out.getvalue().splitlines()
    shown = {line.split("| ")[1] for line in lines}
    # gRPC's threads in this process may write into the child before it is the script
    assert shown >= {"to stderr", "to stdout"}
    assert all(line.split("|")[0].strip() == "sample" for line in lines)


def test_a_line_of_more_than_a_megabyte_is_left_out_and_the_next_is_shown() -> None:
    out = StringIO()
    asyncio.run(manage("print('x' * 3_000_000); print('after it')", out).run_to_end())
    shown = [line.split("| ")[1] for line in out.getvalue().splitlines()]
    assert shown == ["(a line of more than 1 MB was left out)", "after it"]


def test_a_last_line_without_an_end_is_shown() -> None:
    out = StringIO()
    asyncio.run(manage("print('one'); print('the last', end='')", out).run_to_end())
    assert [line.split("| ")[1] for line in out.getvalue().splitlines()] == ["one", "the last"]


def test_one_that_ends_is_started_again_and_counted(tmp_path: Path) -> None:
    out, lives = StringIO(), tmp_path / "lives"

    async def run() -> int:
        child = manage(f"open({str(lives)!r}, 'a').write('one\\n'); print('started')", out)
        await child.start()
        await wait_for(out, "it is started again in 1 s")
        await wait_for(out, "it is started again in 2 s")
        await child.stop(grace_s=5)
        return child.deaths

    assert asyncio.run(run()) == 2
    assert lives.read_text() == "one\none\n"


def test_one_that_ignores_sigterm_is_killed_after_its_grace() -> None:
    out = StringIO()
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " print('deaf', flush=True); time.sleep(60)"
    )

    async def run() -> None:
        child = manage(script, out)
        await child.start()
        await wait_for(out, "deaf")
        await child.stop(grace_s=0.2)

    asyncio.run(run())
    assert "sample did not end within 0 s: killed." in out.getvalue()
