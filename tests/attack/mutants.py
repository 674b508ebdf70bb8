"""One wrong file in a directory of specimens, and a command that reads it: it works, or refuses with one clear error.

A case is drawn from its number, so that it can be repeated: `python -m attack.mutants FIRST [LAST [LOG [SECONDS]]]` in
the directory `tests`; how each case ended goes into LOG, and what takes SECONDS hangs.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from attack.mutations import mutate
from attack.specimens import build
from attack.uses import DEALT, USES, Use, files_of, tops
from attack.warm import Ended, Warm

HANGS_AFTER = 60.0
MEMORY = 3 * 2**30
LONGEST_MESSAGE = 3000
"""Characters. An error that repeats a file of a megabyte helps nobody."""
HARMLESS = re.compile(
    rf"/dev/(null|tty)$|{tempfile.gettempdir()}/(tmp\w*|torchinductor_)|/tmp/(nb-ray|nasbench-tune|nasbench-train)-"
)
"""What libraries write when they are imported and when they read archives; and what each run sweeps: folders of other
runs whose processes were killed.
"""


class Mutants:
    """Runs cases, each in a copy of one directory of specimens, below `root`."""

    def __init__(self, root: Path, seconds: float = HANGS_AFTER) -> None:
        self._root, self._warm, self._seconds = root, Warm(), seconds
        self._specimens = root / "specimens"
        build(self._warm, self._specimens)

    def close(self) -> None:
        self._warm.close()

    def attack(self, number: int) -> tuple[str, Ended, list[str]]:
        """What was done, how the command ended, and what is wrong with that; nothing if the list is empty."""
        rng = Random(f"mutant {number}")
        name = DEALT[number % len(DEALT)]
        use, place = USES[name], Path(tempfile.mkdtemp(dir=self._root)) / "place"
        self._copy(use, place)
        path = rng.choice(files_of(use, place))
        how = mutate(path, rng)
        others = [each for each in files_of(use, place) if each != path and not each.is_symlink()]
        if others and rng.random() < 0.15:
            other = rng.choice(others)
            how += f", and {other.relative_to(place)}: {mutate(other, rng)}"
        training = next(self._specimens.glob("runs/trained/*")).relative_to(self._specimens)
        before, logs = _state(place), _logs(place)
        words = use.words.replace("{training}", str(training)).split()
        ended = self._warm.run(place, words, memory=MEMORY, seconds=self._seconds)
        wrong = [*_ended_wrong(ended), *_touched(use, place, before, logs, ended)]
        case = f"mutant {number}: {name}: {path.relative_to(place)}: {how}"
        if not wrong:
            shutil.rmtree(place.parent)
        return case, ended, [f"{each}  [{place}]" for each in wrong]

    def _copy(self, use: Use, place: Path) -> None:
        """Copies what a use reads and writes."""
        place.mkdir()
        for name in tops(use):
            for found in self._specimens.glob(name):
                if found.is_dir():
                    shutil.copytree(found, place / found.name)
                else:
                    shutil.copy(found, place / found.name)


def _ended_wrong(ended: Ended) -> list[str]:
    told = ended.err.strip()
    if ended.hung:
        where = told.partition("Extension modules:")[0]  # of the traceback that faulthandler writes
        return [f"it hangs: {where[-1500:]}"]
    if ended.status not in (0, 1, 2) or "Traceback" in told:
        return [f"status {ended.status}: {told[-1800:]}"]
    wrong = []
    if ended.status and not told:
        wrong.append(f"status {ended.status} without a word")
    if ended.status and len(told) > LONGEST_MESSAGE:
        wrong.append(f"a message of {len(told)} characters: {told[:300]}")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", told + ended.out):
        wrong.append(f"control characters in what it prints: {(told + ended.out)[-300:]!r}")
    return wrong


State = dict[str, tuple[int, int]]


def _state(place: Path) -> State:
    """Path -> size and time of change, of all that lies there."""
    found: State = {}
    for folder, _, files in os.walk(place):
        for name in files:
            path = os.path.join(folder, name)
            about = os.lstat(path)
            found[os.path.relpath(path, place)] = (about.st_size, about.st_mtime_ns)
    return found


def _touched(use: Use, place: Path, before: State, logs: dict[Path, bytes], ended: Ended) -> list[str]:
    """Files that were changed where the command has no business, and trials that are lost."""
    after = _state(place)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    allowed = tuple(f"{folder}/" if not folder.endswith(".") else folder for folder in use.writes)
    outside = sorted(path for path in changed if not path.startswith(allowed))
    outside += [path for path in ended.changed if not HARMLESS.match(path) and not path.startswith(str(place))]
    wrong = [f"it changed {outside}"] if outside else []
    for path, lines in logs.items():
        if not path.read_bytes().startswith(lines):
            wrong.append(f"it lost lines of {path.relative_to(place)}")
    return wrong


def _logs(place: Path) -> dict[Path, bytes]:
    """The complete lines of every log."""
    found = {}
    for path in place.glob("*/trials.jsonl"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            found[path] = data[: data.rfind(b"\n") + 1]
    return found


def main(numbers: Sequence[int], log: Path | None = None, seconds: float = HANGS_AFTER) -> int:
    """Runs cases by number and prints what is wrong; how each ended goes into `log`."""
    root, failed, counts = Path(tempfile.mkdtemp(prefix="mutants-")), 0, dict[int | None, int]()
    mutants = Mutants(root, seconds)
    try:
        for number in numbers:
            case, ended, wrong = mutants.attack(number)
            counts[ended.status] = counts.get(ended.status, 0) + 1
            failed += bool(wrong)
            if wrong:
                print("\n    ".join([case, *wrong]), flush=True)
            if log is not None:
                with open(log, "a") as file:
                    told = {"case": case, "status": ended.status, "seconds": ended.seconds, "err": ended.err[-1500:]}
                    file.write(json.dumps({**told, "wrong": wrong}) + "\n")
    finally:
        mutants.close()
    print(f"{len(numbers)} cases: {counts} by status, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    first, last, log, seconds = [*sys.argv[1:5], *(None,) * 4][:4]
    numbers = range(int(first), int(last or int(first) + 1))
    sys.exit(main(numbers, Path(log) if log else None, float(seconds or HANGS_AFTER)))
