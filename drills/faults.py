"""What strikes at random: kills, freezes, terms, a broker that dies or freezes, connections cut.

Each lane is a thread with roles of its own, so that strikes overlap. A strike is noted before it
is done; what was struck is up again (or being started) when the next one of its lane comes.
"""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import psycopg

from drills.product import Product

_LONGEST_FREEZE_S = 7.0
_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"  # noqa: E501


class Strikes:
    """Strikes until `count` are done or `until` is past. `done`: how often what was done.

    What ended by itself is started again, as every supervisor does (`restarted`: how often): a
    Celery worker ends where its Redis goes away with messages that it has not acknowledged.
    """

    def __init__(
        self, product: Product, *, count: int, until: float, seed: int, pace: float = 1.0
    ) -> None:
        """`pace`: the pauses between strikes are so many times as long."""
        self.done: Counter[str] = Counter()
        self.restarted: Counter[str] = Counter()
        self._product = product
        self._left = count
        self._until = until
        self._seed = seed
        self._pace = pace
        self._lock = threading.Lock()
        self.failures: list[str] = []

    def run(self, lanes: Sequence[Sequence[str]]) -> None:
        """Strike at the roles of each lane, and at what lies between; returns when all is done."""
        threads = [
            threading.Thread(target=self._strike_roles, args=(roles, self._seed + number))
            for number, roles in enumerate(lanes)
        ]
        threads.append(threading.Thread(target=self._strike_between, args=(self._seed - 1,)))
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # the drill is ended before its time: nothing may be started behind its back
            with self._lock:
                self._left = 0
            for thread in threads:
                thread.join()

    def _take_turn(self, what: str) -> bool:
        with self._lock:
            if self._left <= 0 or time.monotonic() > self._until:
                return False
            self._left -= 1
            self.done[what] += 1
            return True

    def _strike_roles(self, roles: Sequence[str], seed: int) -> None:
        chance = random.Random(seed)
        kinds: list[tuple[str, Callable[[str, random.Random], None]]] = [
            ("kill", self._kill),
            ("freeze", self._freeze),
            ("term", self._term),
        ]
        while True:
            role = chance.choice(roles)
            (name, strike), *_ = chance.choices(kinds, weights=(6, 3, 2))
            if not self._take_turn(f"{name} {role.partition(':')[0]}"):
                return
            try:
                self._restart_ended(roles)
                strike(role, chance)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                # It didn't come back, or didn't end.
                self.failures.append(f"{name} {role}: {str(error)[:1500]}")
                return
            time.sleep(self._pace * chance.uniform(0.2, 2.5))

    @contextmanager
    def bringing_back(self, roles: Sequence[str]) -> Iterator[None]:
        """Start what ended by itself, once the strikes are over: some ends seconds after one."""
        over = threading.Event()

        def bring_back() -> None:
            try:
                while not over.wait(1.0):
                    self._restart_ended(roles)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                self.failures.append(f"bring back: {str(error)[:1500]}")

        thread = threading.Thread(target=bring_back)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _restart_ended(self, roles: Sequence[str]) -> None:
        for role in roles:
            if not self._product.system.is_running(role):
                self._product.system.kill(role)
                self._product.system.start(role)
                self.restarted[role] += 1

    def _kill(self, role: str, chance: random.Random) -> None:
        self._product.system.kill(role)
        time.sleep(chance.choice((0, 0, 0.5, 3)))
        self._product.system.start(role)

    def _freeze(self, role: str, chance: random.Random) -> None:
        self._product.system.freeze(role)
        time.sleep(chance.uniform(0.3, _LONGEST_FREEZE_S))
        self._product.system.thaw(role)

    def _term(self, role: str, chance: random.Random) -> None:
        self._product.system.stop(role, within_s=60)
        self._product.system.start(role)

    def _strike_between(self, seed: int) -> None:
        """The broker (where it is the drill's own) and the database's connections."""
        chance = random.Random(seed)
        strikes: list[tuple[str, Callable[[], None]]] = []
        if self._product.is_on_postgresql:
            strikes += [("cut database connections", self._cut_connections)]
        if self._product.redis is not None:
            strikes += [
                ("kill broker", self._kill_broker),
                ("freeze broker", partial(self._freeze_broker, chance)),
            ]
        while strikes:
            time.sleep(self._pace * chance.uniform(1, 5))
            name, strike = chance.choice(strikes)
            if not self._take_turn(name):
                return
            strike()

    def _cut_connections(self) -> None:
        with psycopg.connect(self._product.database_url, autocommit=True) as database:
            database.execute(_CUT)

    def _kill_broker(self) -> None:
        assert self._product.redis is not None
        self._product.redis.stop()
        time.sleep(0.5)
        self._product.redis.start()

    def _freeze_broker(self, chance: random.Random) -> None:
        assert self._product.redis is not None
        self._product.redis.freeze()
        time.sleep(chance.uniform(0.3, _LONGEST_FREEZE_S))
        self._product.redis.thaw()
