"""The commands that are attacked: how each begins, how it goes on, and where it writes."""

from collections.abc import Mapping
from dataclasses import dataclass

QUICK = "--space toy --evaluator quick --wandb off"
DIGITS = "--dataset digits --image-size 12 --recipe little --device cpu --wandb off"
FOUND = f"search --space nasbench201 --strategy random --trials 2 {DIGITS} --cells 1 --filters 4 --run found"
"""A search that trains two children, which other commands start from."""
BEFORE = "export lenet5 --formats model.py,safetensors --out shipped"
"""What lies where another export goes."""


@dataclass(frozen=True)
class Command:
    """A command under attack.

    Attributes:
        begin: its words.
        run: its run directory, empty for one that makes none.
        alone: one worker, so that the log must be that of an undisturbed run, line by line.
        before: commands that are given before it, undisturbed.
        workers: it has processes of its own, which can be struck too.
    """

    begin: str
    run: str = "run"
    alone: bool = True
    before: tuple[str, ...] = ()
    workers: bool = False

    @property
    def folders(self) -> tuple[str, ...]:
        """Where it writes."""
        return (self.run, "runs") if self.run else ("shipped", "found")

    @property
    def words(self) -> list[str]:
        return self.begin.split() + (["--run", self.run] if self.run else [])

    @property
    def resume(self) -> list[str]:
        """How it goes on; a command that makes no run is given again."""
        return [self.words[0], "--run", self.run, "--resume"] if self.run else self.words


COMMANDS: Mapping[str, Command] = {
    "search": Command(f"search {QUICK} --strategy evolution --strategy-options population=6 sample=3 --trials 24"),
    "search, pruned and retrained": Command(
        f"search {QUICK} --strategy reinforce --trials 14 --pruner stop_the_worst --control 4 "
        "--retrain-top 2 --retrain-epochs 3 --epochs 2 --keep 2"
    ),
    "search that trains": Command(f"search --space toy --strategy random --trials 5 {DIGITS} --epochs 1 --keep 2"),
    "search in stages": Command(
        f"search --space toy --strategy asha --strategy-options min_epochs=1 eta=2 --trials 6 {DIGITS} --epochs 2"
    ),
    "train": Command(f"train lenet5 --seeds 2 {DIGITS}"),
    "transfer": Command(f"transfer found --weights found {DIGITS} --seeds 2", before=(FOUND,)),
    "compare": Command(f"compare found lenet5 --controls 1 --ensemble {DIGITS} --epochs 1", before=(FOUND,)),
    "race": Command(
        "race --space nasbench201 --evaluator table:nasbench201-cifar10 --strategies random,evolution --seeds 3 "
        "--trials 20"
    ),
    "scale --search": Command(
        f"scale --search --base mobilenet_v1 --trials 3 --seeds 2 --front-runners 1 {DIGITS} --epochs 1"
    ),
    "scale --train": Command(f"scale --base mobilenet_v1 --width 0.25 --depth 0.4 --train {DIGITS} --epochs 1"),
    "export": Command("export found --formats model.py,safetensors --out shipped", run="", before=(FOUND,)),
    "export over another": Command(
        "export found --formats model.py,safetensors --out shipped --overwrite", run="", before=(FOUND, BEFORE)
    ),
    "report": Command("report found", run="", before=(FOUND,)),
    "race in processes": Command(
        "race --space nasbench201 --evaluator table:nasbench201-cifar10 --strategies random --seeds 6 --trials 20 "
        "--workers 2",
        alone=False,
        workers=True,
    ),
    "search on Ray": Command(f"search {QUICK} --strategy random --trials 12 --workers 2", alone=False, workers=True),
}
