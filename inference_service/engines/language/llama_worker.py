"""The process around one llama.cpp server: `python -m …`, started by `llama_process`.

A failed assertion in ggml ends the process that it runs in, and a prompt being read can't be
interrupted; so it never runs in the server's own. Standard input carries one line of JSON (see
`WorkerOptions`), standard output answers with one: the address. The server listens on this machine
only, and asks for the key everywhere but at `/health`.

The process ends when its input does, so it never outlives its parent, however that one dies.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

_ERRORS_ONLY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    path: str
    api_key: str
    context_tokens: int  # of one request
    parallel: int  # requests at once
    threads: int
    niceness: int
    uses_gpu: bool


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's matter: it drains
    options = WorkerOptions(**json.loads(sys.stdin.readline()))
    os.nice(options.niceness)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the library prints
    server = _start(options)
    # From here on it may print what it reads or makes: of use to nobody who should have it.
    with open(os.devnull, "w") as nowhere:
        for output in (sys.stdout, sys.stderr):
            os.dup2(nowhere.fileno(), output.fileno())
    answers.write(json.dumps({"address": server.listening_address}) + "\n")
    answers.flush()
    sys.stdin.read()
    os._exit(0)  # it would wait for what is being computed


def _start(options: WorkerOptions) -> Any:  # the library has no types
    """Load the model and listen; seconds. Raises RuntimeError for bad weights."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.path
    params.n_ctx = options.context_tokens * options.parallel  # it divides them among its requests
    params.n_parallel = options.parallel
    params.n_gpu_layers = -1 if options.uses_gpu else 0
    params.fit_params = False
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = options.threads
        # A thread that waits must not spin: on a busy machine that is 12 × slower.
        cpu.poll = 0
    params.api_keys = [options.api_key]
    params.endpoint_slots = False  # they would show prompts
    params.ui = False
    params.cors_origins = "http://127.0.0.1"
    params.ctx_shift = False  # it would drop what was said first
    params.cache_prompt = True
    params.cache_ram_mib = 0
    params.cache_idle_slots = False  # else a prompt that is read in parts is computed twice
    params.verbosity = _ERRORS_ONLY
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
