"""How often live sessions are updated, by how busy the accelerator is."""

from inference_service.update_interval import SHORTEST_S, UpdateInterval
from tests.inference_service.fakes import ManualClock


def occupy(load: UpdateInterval, clock: ManualClock, *, part: float, seconds: int) -> float:
    for _ in range(seconds):
        clock.now_s += 1.0
        load.record_batch(2 * part)
        interval_s = load.find_interval_s(calls_at_once=2)
    return interval_s


def test_an_idle_accelerator_gives_the_shortest_interval() -> None:
    clock = ManualClock()
    load = UpdateInterval(clock)
    assert load.find_interval_s(calls_at_once=2) == SHORTEST_S
    assert occupy(load, clock, part=0.8, seconds=20) == SHORTEST_S


def test_the_interval_grows_while_the_accelerator_is_busy_and_shrinks_again() -> None:
    clock = ManualClock()
    load = UpdateInterval(clock)
    grown_s = occupy(load, clock, part=1.0, seconds=10)
    assert 2 * SHORTEST_S < grown_s < 3 * SHORTEST_S
    assert occupy(load, clock, part=1.0, seconds=100) == 10.0
    assert occupy(load, clock, part=0.1, seconds=10) == SHORTEST_S
