"""Files that are wrong in some way: every command works or refuses with one clear error, and writes where it may alone.

Each failure names its case; `python -m attack.mutants NUMBER` repeats it.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from attack.mutants import Mutants
from attack.mutations import mutate

CASES, PARTS = 2000, 20


@pytest.fixture(scope="module")
def mutants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mutants]:
    found = Mutants(tmp_path_factory.mktemp("mutants"))
    yield found
    found.close()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_wrong_file_is_one_clear_error_at_worst(part: int, mutants: Mutants) -> None:
    wrong, statuses = list[str](), set[int | None]()
    for number in range(part, CASES, PARTS):
        case, ended, found = mutants.attack(number)
        statuses.add(ended.status)
        wrong += ["\n    ".join([case, *found])] if found else []
    assert not wrong, "\n".join(wrong)
    assert {0, 2} <= statuses, "some files are read all the same, and some refused"


def test_a_mutation_follows_from_its_number(tmp_path: Path) -> None:
    """Or a case that failed could not be repeated."""
    made = []
    for attempt in ("first", "second"):
        paths = [tmp_path / f"{attempt}-{number}.json" for number in range(30)]
        for number, path in enumerate(paths):
            path.write_text('{"a": [1, 2.5, "x"], "b": {"c": null}}\n')
            mutate(path, Random(number))
        made.append([path.read_bytes() if path.is_file() and path.exists() else b"" for path in paths])
    assert made[0] == made[1]
    assert len(set(made[0])) > 15
