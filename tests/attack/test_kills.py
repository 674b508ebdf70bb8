"""Every command, struck at any of its writes or moments, goes on to what an undisturbed one leaves.

Each test prints its cases with their numbers; `python -m attack.kills NUMBER` repeats one of them.
"""

from collections.abc import Iterator

import pytest

from attack.commands import COMMANDS
from attack.kills import DEALT, Attacks, Case


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacks]:
    found = Attacks(tmp_path_factory.mktemp("kills"))
    yield found
    found.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_lost_or_done_twice_or_left_behind(name: str, attacks: Attacks) -> None:
    cases = [Case.draw(number) for number, dealt in enumerate(DEALT) if dealt == name]
    wrong, before = list[str](), attacks.landed
    for case in cases:
        found = attacks.attack(case)
        print("\n    ".join([str(case), *(found or ["as undisturbed"])]))
        wrong += [f"{case}: {each}" for each in found]
    assert not wrong, "\n".join(wrong)
    assert attacks.landed - before >= len(cases) // 2, "most blows came too late"
