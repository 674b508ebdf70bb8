"""What the attacked commands are made of: a small space, a quick evaluator, a pruner, a recipe of a few steps.

They are registered by name, as parts of a plug-in are: what a file names by an import path needs the user's word.
"""

from collections.abc import Sequence

from nasbench.core.errors import TrialFailed
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators, pruners, recipes, spaces
from nasbench.core.spec import Task
from nasbench.testing.toy import ToySpace, additive_score

spaces.register("toy")(ToySpace)

LITTLE = recipes.register("little")(
    Recipe(
        "little",
        version=1,
        epochs=2,
        batch_size=32,
        lr_peak=0.1,
        bn_momentum=0.1,
        train_images=96,
        val_images=50,
        base_depth=0.33,
        base_width=0.25,
        source="made up for these tests",
    )
)


@evaluators.register("quick")
class Quick:
    """The made-up score of the toy space after two epochs, without training; one architecture in eight fails."""

    def check(self) -> None:
        """Nothing is needed."""

    def task(self) -> Task:
        return Task()

    def metrics(self) -> Sequence[str]:
        return ("val_accuracy", "params")

    def __call__(self, job: Job, report: Report) -> Metrics:
        assert job.architecture is not None
        score = additive_score(job.architecture)
        if int(score * 1000) % 8 == 0:
            raise TrialFailed(f"made up to fail at {score:.3f}")
        for epoch in (1, 2):
            report(epoch, {"val_accuracy": score * epoch / 2})
        return {"val_accuracy": score, "params": 100 + int(job.architecture.genes["filters"])}


@pruners.register("stop_the_worst")
class StopTheWorst:
    """A pruner that stops trainings that score less than 0.2 after the first epoch."""

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        return epochs == 1 and score < 0.2
