"""Measurements, each a script that prints ratios from one run and what limits them.

    python -m benchmarks.long_file      a 10-minute recording against BatchedInferencePipeline
    python -m benchmarks.short_clips    16 clips at once, one clip idle, one clip beside long files
    python -m benchmarks.memory         peak memory of each process over a 10-hour, 2 GB upload
    python -m benchmarks.ingest         a refused 600 MB upload, and 300 waiting requests

    python -m benchmarks.accounts       the quota step, keys, the ledger, usage; on PostgreSQL
    python -m benchmarks.exports        every format of a ten-hour transcript
    python -m benchmarks.search         lists and searches over many transcripts; on PostgreSQL
    python -m benchmarks.live           live sessions: lag, one core against a peer, WER, hours
    python -m benchmarks.live_web       the web tier of live sockets, before a service that echoes
    python -m benchmarks.speakers DIR   DER of turns, speakers found, CPU; on recordings with RTTM
    python -m benchmarks.rest_dialects  what other services' REST dialects add to a call
    python -m benchmarks.sdk_memory     memory of our Python client: 2 GB sent, a list of 10,000
    python -m benchmarks.voices         WER, speed and first audio of fixed voices, on base

The first four start the product as `make run` does, with the tiny Whisper of tests/weights, in a
data folder of their own. Nothing is asserted: figures go into RESULTS.md with what limits them.
"""
