"""What is said of a run directory that is given as a MODEL and is none."""

from pathlib import Path

import pytest

from nasbench.core.errors import UsageError
from nasbench.core.store import RunStore
from nasbench.engine.config import ModelOverrides
from nasbench.engine.parts.models import resolve
from unit.toys import trial


def run(place: Path, command: str, status: str = "ok", **fields: object) -> str:
    store = RunStore.create(place, {"command": command, "config": {}, "seed": 0, **fields})
    store.append(trial(1, status, 0.5 if status == "ok" else None, note={"score": "", "truth": 1.0}))
    store.close()
    return str(place)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("race", "is a run of nasbench race, which compares strategies and keeps no network. Give the run of a search"),
        ("fidelity", "is a run of nasbench fidelity, which ranks cheap scores and keeps no network"),
        (
            "compare",
            "is a run of nasbench compare, which has several networks and returns none of them. Name one: RUN#N",
        ),
    ],
)
def test_a_run_that_returns_no_network_is_not_to_be_resumed_for_one(tmp_path: Path, command: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        resolve(run(tmp_path / "run", command, "failed", ended="2026-01-01T00:00:00+00:00"), ModelOverrides())
    assert "--resume" not in str(refused.value)


def test_a_search_that_goes_on_is_resumed_and_one_that_failed_is_not(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"has not written its best network: that comes at its end. Go on with nasbench"
    ):
        resolve(run(tmp_path / "on", "search"), ModelOverrides())
    with pytest.raises(UsageError, match="has ended without a network: no trial of it succeeded"):
        resolve(run(tmp_path / "failed", "search", "failed", ended="2026-01-01T00:00:00+00:00"), ModelOverrides())
