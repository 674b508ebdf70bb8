"""A small space, a trial and a plan for tests of the core."""

from nasbench.core.arch import Architecture, Choice
from nasbench.core.source import Plan
from nasbench.core.spec import Size, Task
from nasbench.core.trial import Trial


class ToySpace:
    """Three decisions of three options; 'a' and 'b' of the last one mean the same network."""

    name = "toy"
    choices = tuple(Choice(f"op_{index}", ("a", "b", "c")) for index in range(3))
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        return Architecture.of(
            "toy",
            {**architecture.genes, "op_2": "a" if architecture.genes["op_2"] == "b" else architecture.genes["op_2"]},
        )

    def build(self, architecture: Architecture, size: Size, task: Task) -> object:
        raise AssertionError("the core never builds")


def plan(trials: int = 10, seed: int = 0, epochs: int = 1) -> Plan:
    return Plan(range(1, trials + 1), seed, epochs, "space:toy", Size(), Task())


def trial(
    number: int = 1, status: str = "ok", score: float | None = 0.5, genes: str = "aaa", **changes: object
) -> Trial:
    architecture = Architecture.of("toy", {f"op_{index}": option for index, option in enumerate(genes)})
    return Trial(
        **{  # type: ignore[arg-type]
            "number": number,
            "architecture": architecture,
            "key": architecture.key,
            "status": status,
            "score": score,
            "metrics": {"val_accuracy": score},
            "epochs": 1,
            "seconds": 0.1,
            "seed": 0,
            "worker": "local",
            "started": "2026-01-01T00:00:00.000+00:00",
            **changes,
        }
    )
