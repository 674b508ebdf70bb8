"""One command that is struck while it runs, once or several times, and then goes on to its end.

A case is drawn from its number, so that it can be repeated: `python -m attack.kills NUMBER` in the directory `tests`.
"""

import fcntl
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from attack.aftermath import differences, lines_of, names_in
from attack.child import Blow
from attack.commands import COMMANDS, Command
from attack.processes import running_in
from attack.warm import Ended, Warm

SHARES = {"scale --search": 10, "scale --train": 8, "search on Ray": 6, "race in processes": 14, "report": 8}
SHARE = 16
"""So many of the cases are each command's, SHARE unless SHARES says otherwise."""
DEALT = [name for name in COMMANDS for _ in range(SHARES.get(name, SHARE))]
SIGNALS = (*[signal.SIGKILL] * 5, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSTOP)
TIMED, TORN, SEVERAL = 0.25, 0.3, 0.3
"""The shares of blows that come after a time, that tear the file written last, and of cases of several blows."""


PATIENCE = 20.0
"""Seconds in which the processes of a command that was killed must have ended."""


@dataclass(frozen=True)
class Case:
    """`strikes` are (share of the undisturbed command's calls or seconds, blow); the blow says which of the two."""

    number: int
    name: str
    strikes: tuple[tuple[float, Blow], ...]

    @classmethod
    def draw(cls, number: int) -> "Case":
        """The case of that number, from 0 on."""
        rng, name = Random(f"kill {number}"), DEALT[number % len(DEALT)]
        count = rng.randint(2, 4) if rng.random() < SEVERAL else 1
        return cls(number, name, tuple(_strike(rng, COMMANDS[name]) for _ in range(count)))

    def __str__(self) -> str:
        told = [
            f"{signal.Signals(blow.number).name} to {blow.to} at {share:.3f} of its "
            + ("seconds" if blow.at is None else "calls" + ("" if blow.torn is None else ", torn"))
            for share, blow in self.strikes
        ]
        return f"kill {self.number}: {self.name}: {'; '.join(told)}"


def _strike(rng: Random, command: Command) -> tuple[float, Blow]:
    number, timed = rng.choice(SIGNALS), rng.random() < TIMED
    to = rng.choice(("self", "worker", "worker")) if command.workers else "self"
    if number == signal.SIGINT and command.workers:
        to = rng.choice(("self", "group"))
    if to == "worker":
        number = rng.choice((signal.SIGKILL, signal.SIGTERM))
    torn = rng.random() if number == signal.SIGKILL and to == "self" and not timed and rng.random() < TORN else None
    blow = Blow(number, None if timed else 0, 0.0 if timed else None, to, torn, rng.randrange(8))
    return rng.random(), blow


@dataclass(frozen=True)
class Reference:
    """What an undisturbed command left, and how long it took."""

    place: Path
    ended: Ended


class Attacks:
    """Runs cases, each in a directory of its own below `root`."""

    def __init__(self, root: Path) -> None:
        self._root, self._warm = root, Warm()
        self._references: dict[str, Reference] = {}
        self._prepared: dict[tuple[str, ...], Path] = {}
        self.landed = 0
        """Blows that met a running command."""

    def close(self) -> None:
        self._warm.close()

    def reference(self, name: str) -> Reference:
        """The undisturbed command's, run once."""
        if name not in self._references:
            command, place = COMMANDS[name], self._place(COMMANDS[name])
            ended = self._warm.run(place, command.words)
            assert ended.status == 0, f"{name}, undisturbed: {ended.err}"
            self._references[name] = Reference(place, ended)
        return self._references[name]

    def attack(self, case: Case) -> list[str]:
        """What is wrong after it; empty if nothing is."""
        command, reference = COMMANDS[case.name], self.reference(case.name)
        place = self._place(command)
        words, wrong, log = command.words, list[str](), list[str]()
        for share, blow in case.strikes:
            ended = self._struck(place, words, reference.ended, share, blow, wrong)
            now = lines_of(place / command.run) if command.run else []
            if now[: len(log)] != log:
                wrong.append(f"after {_told(ended)}: a finished trial is lost or changed")
            log = now
            words = self._next_words(place, command, ended, wrong)
            if ended.status == 0:
                break
        ended = self._warm.run(place, words)
        if ended.status == 2 and "--overwrite" in ended.err:
            ended = self._warm.run(place, [*words, "--overwrite"])
        if ended.status != 0:
            wrong.append(f"it does not go on with {' '.join(words)}: {_told(ended)}")
        elif command.run and lines_of(place / command.run)[: len(log)] != log:
            wrong.append("a finished trial is lost or changed at the end")
        if left := running_in(place, PATIENCE):
            wrong.append(f"left running: {left}")
        if not wrong:
            killed = sum(blow.number in (signal.SIGKILL, signal.SIGSTOP) for _, blow in case.strikes)
            wrong += differences(command, reference.place, place, killed)
        if not wrong:
            shutil.rmtree(place)
        return [f"{each}  [{place}]" for each in wrong]

    def _place(self, command: Command) -> Path:
        """A new directory in which what a command needs has been done."""
        place = Path(tempfile.mkdtemp(dir=self._root)) / "place"
        if command.before not in self._prepared:
            made = Path(tempfile.mkdtemp(dir=self._root)) / "place"
            made.mkdir()
            for words in command.before:
                ended = self._warm.run(made, words.split())
                assert ended.status == 0, ended.err
            self._prepared[command.before] = made
        shutil.copytree(self._prepared[command.before], place)
        return place

    def _struck(
        self, place: Path, words: list[str], undisturbed: Ended, share: float, blow: Blow, wrong: list[str]
    ) -> Ended:
        """One sitting that is struck."""
        at = None if blow.at is None else 1 + int(share * undisturbed.events)
        after = None if blow.after is None else share * undisturbed.seconds
        ended = self._warm.run(place, words, Blow(blow.number, at, after, blow.to, blow.torn, blow.which))
        if ended.status is None:
            wrong += self._while_stopped(place)
            ended = self._warm.kill_stopped()
        self.landed += ended.status != 0 or blow.to == "worker"
        if "Traceback" in ended.err and blow.to == "self":
            wrong.append(f"a traceback: {_told(ended)}")
        told = "--overwrite" in ended.err if ended.status == 2 else ended.status == 1 and "Go on with: " in ended.err
        if ended.status not in (0, 130, -blow.number, -signal.SIGKILL) and not told:
            wrong.append(f"an unexpected end: {_told(ended)}")
        return ended

    def _while_stopped(self, place: Path) -> list[str]:
        """Another process must not go on with a run that a stopped one holds."""
        run = place / "run"
        if not (run / "run.json").exists() or not _is_locked(run / "trials.jsonl"):
            return []
        before = {name: (run / name).read_bytes() for name in names_in(run)}
        command = (run / "run.json").read_text().split('"command": "')[1].split('"')[0]
        ended = self._warm.run(place, [command, "--run", "run", "--resume"])
        changed = before != {name: (run / name).read_bytes() for name in names_in(run)}
        if ended.status == 2 and "is in use" in ended.err and not changed:
            return []
        return [f"while the run is held by a stopped process, --resume ends so (changed: {changed}): {_told(ended)}"]

    def _next_words(self, place: Path, command: Command, ended: Ended, wrong: list[str]) -> list[str]:
        """How to go on: as the command itself says, or by --resume where there is a run, or else from the start."""
        told = ended.err.rpartition("Go on with: nasbench ")[2].strip().split()
        held = bool(command.run) and (place / command.run / "run.json").exists()
        if "Go on with: nasbench " in ended.err:
            if not held:
                wrong.append(f"it says how to go on where there is no run: {_told(ended)}")
                return command.words
            return told
        return command.resume if held else command.words


def _is_locked(path: Path) -> bool:
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _told(ended: Ended) -> str:
    return f"status {ended.status} at call {ended.events} ({ended.last}): {ended.err.strip()[-600:]}"


def main(numbers: list[int]) -> int:
    """Runs cases by number and prints what is wrong."""
    attacks, failed = Attacks(Path(tempfile.mkdtemp(prefix="kills-"))), 0
    try:
        for number in numbers:
            case = Case.draw(number)
            wrong = attacks.attack(case)
            failed += bool(wrong)
            print("\n    ".join([str(case), *(wrong or ["as undisturbed"])]), flush=True)
    finally:
        attacks.close()
    print(f"{len(numbers)} cases, {attacks.landed} blows that met a running command, {failed} cases failed")
    return int(failed > 0)


if __name__ == "__main__":
    first, *last = map(int, sys.argv[1:])
    sys.exit(main(list(range(first, last[0] if last else first + 1))))
