"""Bad days, rehearsed: scripts that anyone can run, bounded in time, on loopback.

    python -m drills.kills --strikes 1000     processes, broker and connections killed under load
    python -m drills.away --seconds 300       no inference service for five minutes
    python -m drills.scale                    1, 3, 1 inference replicas under load
    python -m drills.disk_full                a disk that fills up at every stage
    python -m drills.clocks                   clocks that jump, back and forth
    python -m drills.fuzz --count 10000       broken uploads, messages and bodies
    python -m drills.soak --minutes 240       a mixed load for hours; memory and descriptors
    python -m drills.restore                  a backup made under load, restored elsewhere

Each starts the product's own processes (`tests.e2e.processes`) with the 3 MB Whisper of the tests,
on a PostgreSQL that answers on localhost and a Redis of its own (or, with `--sqlite`, SQLite and
files), does its worst, and then asks the database, the receivers and the clients what is left. The
last line is a JSON object; the exit status is 1 where a promise was broken, 2 where something is
missing. What each found last stands in benchmarks/RESULTS.md.
"""
