"""The routes on the table of this project's own cells: command lines, and what each returns along its seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from nasbench.core.protocols import Metrics
from nasbench.evaluators.table import TableEvaluator
from nasbench.report.race.results import Race, Repetition, Step
from search_spaces.nasnet_small.space import NasnetSmallSpace

TABLE = "nasnet-small-cifar10"
CHOSEN, RETRAINED = "test_accuracy_seed_0", "test_accuracy_retrained"
"""What a returned cell has of the test images in the training that was chosen, and trained anew."""
PROXIES = ("params", "macs", "synflow", "naswot")
SCREENS = ("params", "synflow")
"""The cheap scores that were used on NAS-Bench-201, so not chosen here."""
OF = 8
"""Proposals of a screen."""
SHARING = "shared"
"""The route by shared weights, and with the number of the supernet a column of scores."""
STRATEGIES = ("random", "evolution", "ppo:controller=table", "predictor")
BUDGET = 900.0
"""Seconds of one device."""
GRID = tuple(round(BUDGET / 2 ** (step / 4), 1) for step in reversed(range(25)))
"""Where results are told: 14 seconds to BUDGET."""
AT = (112.5, 225.0, 450.0, 900.0)
"""Those that the table tells."""

SUPERNETS = 4
"""Trainings of shared weights, under as many seeds."""
SUPERNET_EPOCHS = 5
"""Of all training images: about as long as 25 of the table's trainings."""
DRAWN = 100
"""Cells that a search scores by shared weights, to train them in the order of that score."""
SEEDS_BESIDE = 5
"""Of networks that were not searched for."""
PIXELS = 16
SEEN = ("--dataset", "cifar10", "--image-size", str(PIXELS))
SIZE = ("--cells", "1", "--filters", "8")
QUIET = ("--wandb", "off")


def supernet_command(seed: int) -> list[str]:
    how = ["--sampler", "uniform", "--recipe", "supernet_fast", "--epochs", str(SUPERNET_EPOCHS), "--check", "0"]
    return ["supernet", "--space", "nasnet-small", *SEEN, *SIZE, *how, "--seed", str(seed), *QUIET]


def scores_command(supernets: Sequence[str]) -> list[str]:
    """Scores of every cell of the table, by proxies and by each of the supernets."""
    labels = ",".join([*(f"proxy:{name}" for name in PROXIES), *(f"supernet:{run}" for run in supernets)])
    few = ["--sample", "100000", "--score-images", "500", "--recalibration-images", "512"]
    return ["fidelity", "--truth", f"table:{TABLE}", "--scores", labels, *SEEN, *SIZE, *few, *QUIET]


def beside_command(models: Sequence[str], of_cells: bool) -> list[str]:
    """Networks that were not searched for here, trained as the table's cells are. Published cells take their size."""
    size = SIZE if of_cells else ()
    return ["compare", *models, *size, *SEEN, "--recipe", "nasnet_small", "--seeds", str(SEEDS_BESIDE), *QUIET]


def race_command(scores: Path, seeds: int, screens: Sequence[str], first: int = 0) -> list[str]:
    """STRATEGIES on the table, each alone and behind each screen, under seeds `first`, `first` + 1, ..."""
    behind = ",".join(f"table:{scores}#{name}={OF}" for name in screens)
    on = ["--evaluator", f"table:{TABLE}", "--candidates", "table", "--time-budget", f"{BUDGET:g}"]
    told = ["--report-columns", CHOSEN, RETRAINED]
    under = ["--seeds", str(seeds), "--seed", str(first)]
    return ["race", *on, *told, "--strategies", ",".join(STRATEGIES), "--screen", behind, *under, *QUIET]


@dataclass(frozen=True)
class Spent:
    """What cheap scores take: `trainings` are the seconds of each training of shared weights, `score` those of a score
    of one cell, by its column.
    """

    trainings: Sequence[float]
    score: Mapping[str, float]

    def before(self, column: str) -> float:
        """Seconds before the first score."""
        shared, _, number = column.rpartition("_")
        return self.trainings[int(number)] if shared == SHARING else 0.0


def routes_of(race: Race, by_shared: Sequence[Race], spent: Spent) -> dict[str, list[list[Repetition]]]:
    """Name of a route -> its repetitions, of a strategy alone and of it behind each kind of screen. The clock of a race
    does not know what screens take: here it is added. Strategies alone are those of `race`. The repetitions of one
    group share the weights that they score by.
    """
    routes: dict[str, list[list[Repetition]]] = {}
    raced = [(race, label) for label in race.strategies]
    raced += [(other, label) for other in by_shared for label in other.strategies if " + " in label]
    for ran, label in raced:
        strategy, _, screen = label.partition(" + ")
        name, column = strategy.partition(":")[0], screen.rpartition("#")[2].partition("=")[0]
        found = [_later(each, spent, column) if column else each for each in ran.of_strategy(label)]
        shared = column.rpartition("_")[0] == SHARING
        groups = routes.setdefault(f"{name} + {SHARING if shared else column}" if column else name, [])
        groups += [found] if shared else [[each] for each in found]
    return routes


def _later(repetition: Repetition, spent: Spent, column: str) -> Repetition:
    start, each = spent.before(column), OF * spent.score[column]
    steps = (replace(step, seconds=step.seconds + start + each * step.evaluations) for step in repetition.steps)
    return replace(repetition, steps=tuple(steps))


def sharing(race: Race, scores: Path, spent: Spent, seeds: int) -> list[list[Repetition]]:
    """Weight sharing alone: DRAWN random cells are scored by shared weights, and trained in the order of
    that score. Repetitions are shared out among the supernets.
    """
    space = NasnetSmallSpace()
    known = TableEvaluator(TABLE, space, race.columns[0], "train_seconds", race.columns[1:])
    groups = []
    for number in range(len(spent.trainings)):
        column = f"{SHARING}_{number}"
        score = TableEvaluator(str(scores), space, column)
        rows = [(score.row(each)[column], known.row(each)) for each in score.architectures()]
        clock = spent.before(column) + DRAWN * spent.score[column]
        groups.append([_walk(race, rows, clock, seed) for seed in range(number, seeds, len(spent.trainings))])
    return groups


def _walk(race: Race, rows: Sequence[tuple[float, Metrics]], clock: float, seed: int) -> Repetition:
    """One repetition, which begins to train when the clock stands at `clock`."""
    steps: list[Step] = []
    for number, (_, row) in enumerate(sorted(Random(seed).sample(rows, DRAWN), key=lambda each: -each[0]), start=1):
        clock += row["train_seconds"]
        values = tuple(float(row[column]) for column in race.columns)
        if not steps or values[0] > steps[-1].values[0]:
            steps.append(Step(number, clock, values))
    return Repetition(SHARING, seed, tuple(steps), ())
