"""Runs of a network, timed while the machine had its full speed.

On a shared processor a network can take twice as long for seconds on end, and no clock says so: another thread of the
same core, or another machine of the same host, has the units that it computes with. A yardstick says so: one small
convolution, timed before and after each round of runs. A round counts where the yardstick was as fast, before and after
it, as it has been of late.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import nsmallest
from statistics import median
from time import monotonic, perf_counter, sleep, thread_time
from typing import Any

import torch

WARM_UPS, LEAST_RUNS, MOST_RUNS, SECONDS = 5, 30, 1000, 1.0
"""Runs before the clock starts; runs that count at least and at most, and how long they take together at least."""
ROUND, PATIENCE = 0.1, 10.0
"""Seconds of a round, and of rounds that do not count before the machine is taken as it is: more of a network whose
runs are so long that those which count took longer."""
SLOWER = 1.15
"""A yardstick that takes so many times its shortest time says that the machine is slower."""
REMEMBERED, FIRST = 600.0, 3.0
"""Seconds for which the yardstick's times are remembered, and through which it is read where none is."""
READS, CONFIRMED = 5, 2
"""Runs of the yardstick, whose median is a reading; the shortest is the one that so many readings reached, as a single
one may be a fault of the clock."""
FINE, STEPS = 0.02, 3
"""Milliseconds of a step of the thread's clock up to which it tells runs apart; steps that are looked at."""


@dataclass(frozen=True)
class Round:
    """Milliseconds of each run by the wall's clock and by that of the thread, the yardstick's worse reading, and the
    seconds that both took.
    """

    walls: tuple[float, ...]
    owns: tuple[float, ...]
    yardstick: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Timed:
    """The runs that count.

    Attributes:
        walls, owns: milliseconds of each run by the wall's clock and by that of the thread.
        left_out: runs of rounds in which the machine was slower.
        steady: False where the machine did not come back to its full speed: the least disturbed rounds count then.
        own: whether the thread's clock says how long the network takes; else the wall's does.
    """

    walls: tuple[float, ...]
    owns: tuple[float, ...]
    left_out: int
    steady: bool
    own: bool


def timed(run: Callable[[], Any], on: str, threads: int) -> Timed:
    """Times `run` on the device `on` (cpu or cuda) in rounds, until enough of them count or patience ends.

    The rounds are judged by the yardstick's shortest time, of those before as of those after them.
    """
    own = _alone(on, threads)
    yardstick = _yardstick(on, threads, own)
    wait: Callable[[], Any] = torch.cuda.synchronize if on == "cuda" else lambda: None
    yardstick.begin()
    for _ in range(WARM_UPS):
        run()
    wait()
    rounds: list[Round] = []
    before = yardstick.read()
    while True:
        start = monotonic()
        taken = _round(run, wait)
        after = yardstick.read()
        rounds.append(replace(taken, yardstick=max(before, after), seconds=monotonic() - start))
        before = after
        most = SLOWER * yardstick.shortest
        counted = [each for each in rounds if each.yardstick <= most]
        if _enough(counted):
            return _of(counted, rounds, True, own)
        if _runs(rounds) >= LEAST_RUNS and _waited_enough(counted, rounds):
            return _of(least_disturbed(rounds), rounds, False, own)


def _round(run: Callable[[], Any], wait: Callable[[], Any]) -> Round:
    walls: list[float] = []
    owns: list[float] = []
    start = perf_counter()
    while not walls or (perf_counter() - start < ROUND and len(walls) < MOST_RUNS):
        wall, own = perf_counter(), thread_time()
        run()
        wait()
        owns.append(1000 * (thread_time() - own))
        walls.append(1000 * (perf_counter() - wall))
    return Round(tuple(walls), tuple(owns))


def _runs(rounds: list[Round]) -> int:
    return sum(len(each.walls) for each in rounds)


def _enough(counted: list[Round]) -> bool:
    runs = _runs(counted)
    return runs >= LEAST_RUNS and (sum(sum(each.walls) for each in counted) >= 1000 * SECONDS or runs >= MOST_RUNS)


def _waited_enough(counted: list[Round], rounds: list[Round]) -> bool:
    useful = sum(each.seconds for each in counted)
    return sum(each.seconds for each in rounds) - useful > max(PATIENCE, useful)


def least_disturbed(rounds: list[Round]) -> list[Round]:
    """The rounds of the yardstick's shortest times, as many as there must be runs."""
    found: list[Round] = []
    for each in sorted(rounds, key=lambda each: each.yardstick):
        if _runs(found) >= LEAST_RUNS:
            break
        found.append(each)
    return found


def _of(counted: list[Round], rounds: list[Round], steady: bool, own: bool) -> Timed:
    walls = tuple(wall for each in counted for wall in each.walls)
    owns = tuple(own for each in counted for own in each.owns)
    return Timed(walls, owns, _runs(rounds) - len(walls), steady, own)


class Yardstick:
    """A convolution of fixed size on a device, and how long it took of late."""

    def __init__(self, on: str, clock: Callable[[], float]) -> None:
        device = torch.device(on)
        self._layer = torch.nn.Conv2d(64, 64, 3, padding=1).eval().to(device)
        self._images = torch.rand(256 if on == "cuda" else 1, 64, 32, 32, device=device)
        self._wait: Callable[[], Any] = torch.cuda.synchronize if on == "cuda" else lambda: None
        self._clock = clock
        self._readings: list[tuple[float, float]] = []

    @property
    def shortest(self) -> float:
        """Milliseconds of the shortest reading that is remembered and that another one confirms."""
        return nsmallest(CONFIRMED, (reading for _, reading in self._readings))[-1]

    def begin(self) -> None:
        """Forgets what was long ago; reads for a while where nothing is left."""
        now = monotonic()
        self._readings = [each for each in self._readings if now - each[0] < REMEMBERED]
        first = not self._readings
        while first and monotonic() - now < FIRST:
            self.read()
            sleep(0.05)

    def read(self) -> float:
        """Milliseconds of one run now: the median of READS runs."""
        times = []
        with torch.inference_mode():
            for _ in range(READS):
                start = self._clock()
                self._layer(self._images)
                self._wait()
                times.append(1000 * (self._clock() - start))
        self._readings.append((monotonic(), median(times)))
        return median(times)


def _alone(on: str, threads: int) -> bool:
    """Whether the clock of this thread says how long a run takes: one thread of a CPU does all of it, and the clock is
    fine. In some sandboxes it stands still for ten milliseconds; the wall's clock is taken there.
    """
    return on != "cuda" and threads == 1 and _step(thread_time) <= FINE


def _step(clock: Callable[[], float]) -> float:
    """Milliseconds of the clock's smallest step; infinite where it stands still for a tenth of a second."""
    steps: list[float] = []
    last, start = clock(), perf_counter()
    while len(steps) < STEPS and perf_counter() - start < 0.1:
        now = clock()
        if now > last:
            steps.append(1000 * (now - last))
            last = now
    return min(steps, default=float("inf"))


@lru_cache
def _yardstick(on: str, threads: int, own: bool) -> Yardstick:  # noqa: ARG001 - threads are part of the key
    """One for each way to compute and each clock, as times of two ways are not compared."""
    return Yardstick(on, thread_time if own else perf_counter)
