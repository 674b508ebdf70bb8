"""Children that share a GPU: as many as the memory of the first ones says, on declared GPUs with a made-up measure."""

from collections import Counter

import pytest
from toy import TASK, Different, loop

from nasbench.core.errors import TrialFailed
from nasbench.core.trial import Trial
from nasbench.executors.packing import MEASURED, Packing, Peak

NEEDS_MUCH, NEEDS_ALL = 6, 9
"""Numbers of children: one that fits on a GPU by itself, and one that fits on none."""


class Child:
    """Says which share of a GPU it has."""

    def __call__(self, job, report):
        import ray

        share = float(ray.get_runtime_context().get_assigned_resources().get("GPU", 0.0))
        if job.number == NEEDS_ALL or (job.number == NEEDS_MUCH and share < 1):
            raise TrialFailed("the training failed: out of memory (CUDA out of memory. Tried to allocate 20.00 GiB)")
        return {"val_accuracy": 0.5, "share": share}

    def check(self):
        """There is nothing to check."""

    def task(self):
        return TASK


def a_fifth():
    return Peak(2 * 2**30, 10 * 2**30)


def nothing():
    return None


def children(**options):
    from nasbench.executors.ray_tune import RayExecutor

    log: list[Trial] = []
    RayExecutor(**options).run(loop(Different(), 16, log.append), Child())
    assert sorted(trial.number for trial in log) == list(range(1, 17))
    return {trial.number: trial for trial in log}


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("workers", [3, "auto"])
def test_the_first_are_measured_and_the_others_share_and_who_runs_out_of_memory_is_tried_alone(workers):
    found = children(workers=workers, gpus_per_worker="auto", measure=a_fifth)
    shares = {number: trial.metrics.get("share") for number, trial in found.items()}
    assert all(shares[number] == 1.0 for number in range(1, MEASURED + 1))
    assert shares[NEEDS_MUCH] == 1.0
    assert Counter(shares.values()) == {0.25: 16 - MEASURED - 2, 1.0: MEASURED + 1, None: 1}
    assert found[NEEDS_ALL].status == "failed"
    assert "out of memory" in (found[NEEDS_ALL].error or "")


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_where_nothing_can_be_measured_each_has_a_gpu():
    found = children(workers=2, gpus_per_worker="auto", measure=nothing)
    assert {trial.metrics.get("share") for trial in found.values()} == {1.0, None}
    assert [number for number, trial in found.items() if trial.status == "failed"] == [NEEDS_ALL]


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_with_a_fraction_that_was_given_too_who_runs_out_of_memory_is_tried_alone():
    found = children(workers=2, gpus_per_worker=0.5)
    assert found[NEEDS_MUCH].metrics["share"] == 1.0
    assert [number for number, trial in found.items() if trial.status == "failed"] == [NEEDS_ALL]


@pytest.mark.parametrize(
    ("used", "fit"),
    [([10, 20, 15], 4), ([1, 1, 1], 16), ([90, 1, 1], 1), ([45, 45, 45], 1), ([40, 40, 39], 2), ([0, 0, 0], 16)],
)
def test_as_many_fit_as_the_largest_leaves_room_for(used, fit):
    packing = Packing()
    for each in used:
        assert packing.on_a_gpu == 1
        packing.learn(Peak(each, 100))
    assert packing.on_a_gpu == fit


def test_a_measure_that_fails_now_and_then_is_left_out():
    packing = Packing()
    for peak in (None, Peak(10, 40), None):
        packing.learn(peak)
    assert packing.on_a_gpu == 3
