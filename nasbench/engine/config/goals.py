"""What a search is for: the score, the objectives, and the limits of every proposal."""

from dataclasses import dataclass

from nasbench.core.count_text import parse_count
from nasbench.core.errors import UsageError
from nasbench.core.objectives import parse_objectives
from nasbench.core.options import parse_options
from nasbench.core.quantities import parse_bytes, parse_milliseconds
from nasbench.engine.config.record import Record, counted, flag, options, part


@dataclass(frozen=True)
class Goals(Record):
    """What is searched for, and the limits that every proposal keeps."""

    reward: str | None = part(None, "reward")
    """What the score is made of (see: nasbench list rewards): accuracy, max-last-5-cubed, soft-target or hard-target
    (accuracy x (cost/T)^w), or my_package.my_module:MyReward. Else it is the evaluator's own score.
    """
    reward_options: tuple[str, ...] = options()
    """The reward's own settings, as KEY=VALUE: for soft-target a target for each cost, macs=400M params=3M."""
    objectives: tuple[str, ...] = ()
    """Metrics whose Pareto front to keep, as val_accuracy,macs; the first is the score (+NAME, -NAME: more, less is
    better).
    """
    target_macs: str | None = counted()
    """Score = accuracy x (MACs/T)^-0.07 with this T, such as 400M: --reward soft-target --reward-options macs=T."""
    max_params: str | None = counted()
    """The most parameters a child may have, such as 3M: larger proposals are repaired before they are trained."""
    max_macs: str | None = counted()
    """The most multiply-adds a child may have, such as 400M."""

    max_memory: str | None = None
    """The most memory a child may take, such as 2G: the peak of a training step at --memory-batch."""
    max_latency: str | None = None
    """The longest an inference of a child may take on this machine, such as 20ms."""

    def check(self) -> None:
        super().check()
        if self.max_memory is not None:
            parse_bytes(self.max_memory, "--max-memory")
        if self.max_latency is not None:
            parse_milliseconds(self.max_latency, "--max-latency")
        for name in ("target_macs", "max_params", "max_macs"):
            self.count(name)
        objectives = parse_objectives(self.objectives)
        if objectives and self.target_macs is not None:
            raise UsageError(
                "--target-macs makes one score of accuracy and multiply-adds, --objectives keeps them apart: give one "
                "of the two"
            )
        if self.reward is not None and objectives:
            raise UsageError(
                f"--reward {self.reward} makes the score, and the first of --objectives is the score: give one of the "
                "two. A search with targets for its costs has their Pareto front in its report as well."
            )
        if self.reward is not None and self.target_macs is not None:
            raise UsageError(
                f"--target-macs T is the reward soft-target with macs=T, and --reward is {self.reward}: give one of "
                "the two (--reward soft-target --reward-options macs=T params=T)"
            )
        parse_options(self.reward_options, "--reward-options")
        if self.reward_options and self.reward is None:
            raise UsageError(
                f"--reward-options {' '.join(self.reward_options)} are settings of a reward: name it with --reward, "
                "such as --reward soft-target"
            )

    def count(self, name: str) -> int | None:
        """A budget as a number."""
        text = getattr(self, name)
        return None if text is None else parse_count(text, flag(name))
