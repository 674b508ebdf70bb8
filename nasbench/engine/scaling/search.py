"""`nasbench scale --search`: finds alpha, beta and gamma for a base on the surface alpha * beta**2 * gamma**2 = 2.

Tan and Le 2019 (arXiv:1905.11946), section 3.3, with better means than their grid. It is a search as any other: the
space is the surface, a trial is the base scaled at phi = 1 and trained under a short recipe. Afterwards the
front-runners are trained under more seeds, beside the published coefficients and each dimension alone.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from nasbench.core.compound import Coefficients, Multipliers, on_surface
from nasbench.core.errors import UsageError
from nasbench.core.law import Ladder, Law, PowerLaw
from nasbench.core.protocols import Metrics, SearchSpace, Strategy, Tracker
from nasbench.core.recipe import Recipe, recipe_named
from nasbench.core.registry import executors, strategies
from nasbench.core.reward import Target, weighted
from nasbench.core.source import JobList, Plan, of_space
from nasbench.core.spec import ModelSpec, size_record, task_record
from nasbench.core.trial import STATUSES, Trial
from nasbench.core.writing import files_together, write_atomically, write_json
from nasbench.engine.config import ModelOverrides, ScaleConfig
from nasbench.engine.opened.report import write_report
from nasbench.engine.opened.view import RunView
from nasbench.engine.parts.scaled import compound_scale, counted, differences
from nasbench.engine.parts.source import source_of
from nasbench.engine.run.artifacts import BestWeights, drop_all_weights, drop_training_states
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.run import Run, check_some_succeeded, open_run
from nasbench.engine.run.watch import print_note
from nasbench.engine.scaling.about import about, notes_on, stops_early
from nasbench.engine.scaling.budgets import given
from nasbench.engine.scaling.chosen import Chosen
from nasbench.engine.scaling.comparison import OTHERS, comparison_jobs
from nasbench.engine.scaling.laws import DEFAULT, law_named, rounded
from nasbench.engine.scaling.published import nearest
from nasbench.engine.scaling.request import check_search
from nasbench.engine.scaling.result import ScaleResult
from nasbench.engine.scaling.source import ScaledBase, SurfaceSource
from nasbench.engine.scaling.surface import Surface, budget_asked, budget_record, surface_of
from nasbench.engine.training.trainings import check_names, specify
from nasbench.trackers.guard import guarded_trackers

if TYPE_CHECKING:
    from nasbench.evaluators.training import TrainingEvaluator

TRIALS = 30
"""Of a search that is not told how many; a grid goes through all of its points."""
FRONT_RUNNERS, FEW_TRIALS = 3, 20
"""So many of the best candidates are trained again; of fewer than FEW_TRIALS trials, one less."""


@dataclass(frozen=True, repr=False)
class ScaleSearchResult(RunView):
    """What a search for coefficients came to. `scaled` is the base at phi = 1 with them; None where no trial
    succeeded.
    """

    run: Path
    trials: tuple[Trial, ...]
    found: dict[str, Any]
    scaled: ScaleResult | None
    seconds: float

    @property
    def directory(self) -> Path:
        return self.run

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench scale --search --json` prints: that of `scale` at phi = 1, and the run."""
        counts: dict[str, Any] = {status: sum(trial.status == status for trial in self.trials) for status in STATUSES}
        record = {
            "run": str(self.run),
            "trials": len(self.trials),
            **counts,
            "seconds": round(self.seconds, 2),
            "found": self.found,
        }
        return {**(self.scaled.to_json() if self.scaled else {}), **record}


@dataclass(frozen=True)
class ScaleParts:
    """What a search for coefficients is made of.

    Attributes:
        small: the base that candidates scale, shrunk by the recipe.
        score: accuracy, weighed by how far rounding left twice the multiply-adds of `small`.
        notes: what of the recipe has no effect.
        told: what is said before the search starts, the notes included.
    """

    base: ModelSpec
    small: ModelSpec
    space: SearchSpace
    strategy: Strategy
    evaluator: "TrainingEvaluator"
    plan: Plan
    recipe: Recipe
    score: Callable[[Metrics], float]
    notes: tuple[str, ...]
    told: tuple[str, ...]
    surface: Surface


def run_scale_search(
    config: ScaleConfig, argv: Sequence[str], trackers: Sequence[Tracker] | None = None
) -> ScaleSearchResult:
    """Runs (or goes on with) the search for coefficients that `config` describes."""
    config.check()
    check_search(config)
    directory = config.place.directory("scale", config.strategy)
    parts = _prepare(config, directory)
    for line in parts.told:
        print_note(line)
    plan, told_notes = parts.plan, {"notes": list(parts.notes)} if parts.notes else {}
    described = {
        "source": plan.source,
        "size": size_record(plan.size),
        "task": task_record(plan.task),
        "epochs": plan.epochs,
    }
    watching = guarded_trackers(config.tracking.names, config.tracking.wandb_settings) if trackers is None else trackers
    opening = Opening(
        command="scale",
        config=config,
        directory=directory,
        argv=argv,
        executor=executors.make(config.workers.executor_name, offered=config.workers.flat()),
        trackers=watching,
        plan={
            **described,
            "base": parts.small.to_json(),
            "target_macs": None,
            "recipe": asdict(parts.recipe),
            **told_notes,
            **budget_record(config, parts.surface),
        },
        identity=parts.evaluator.identity(),
        listeners=(BestWeights,),
        reading=parts.evaluator.data.reading,
        check=of_space(parts.space),
    )
    with open_run(opening) as run:
        _answer(config, parts, run)
        result = _end(config, parts, run)
    check_some_succeeded(result.trials, directory)
    return result


def _prepare(config: ScaleConfig, directory: Path) -> ScaleParts:
    """Looks everything up, and answers every wrong name, path and size before any work starts."""
    from nasbench.evaluators.training import TrainingEvaluator

    check_names(config)
    recipe = recipe_named(config.training.recipe, config.training.epochs)
    size = config.training
    overrides = ModelOverrides(config.stack, size.cells, size.filters, skeleton=config.skeleton)
    base = specify([config.base], config.data, overrides)[config.base]
    law = law_named(config.law or DEFAULT)
    base = rounded(base, law)
    small = rounded(compound_scale(base, Multipliers(recipe.base_depth, recipe.base_width)), law)
    space = _space(config, ScaledBase(small), law)
    corners = () if given(config) else ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0))
    for corner in corners:  # all growth in one dimension: what fits there fits everywhere
        counted(compound_scale(small, on_surface(*corner).at(1.0)))
    checkpoints = config.place.checkpoints(directory)
    source = config.data.source
    evaluator = TrainingEvaluator(source, recipe, config.workers.device, checkpoints)
    evaluator.check()
    numbers = range(1, _trials(config, space) + 1)
    data, seed = config.data.dataset, config.repeats.seed
    surface = surface_of(config, base, directory)
    plan = Plan(numbers, seed, recipe.epochs, f"space:{space.name}", small.size, small.task, data)
    strategy, notes = _strategy(config, space, plan), notes_on(config.base, small, recipe)
    whole, part = counted(base).macs, counted(small).macs
    target = Target("macs", 2 * part)

    def score(metrics: Metrics) -> float:
        """Accuracy, weighed by how far rounding left twice the base's multiply-adds; under a budget, which none
        exceeds, accuracy alone.
        """
        accuracy = float(metrics["val_accuracy"])
        return accuracy if surface.budget is not None else weighted(accuracy, (target,), metrics)

    return ScaleParts(
        base=base,
        small=small,
        space=space,
        strategy=strategy,
        evaluator=evaluator,
        plan=plan,
        recipe=recipe,
        score=score,
        notes=notes,
        told=(*about(config, base.task.image_size, whole, part, recipe), *surface.told, *notes),
        surface=surface,
    )


def _space(config: ScaleConfig, builder: ScaledBase, law: Law | Ladder) -> SearchSpace:
    from search_spaces.compound.edge import CompoundEdge
    from search_spaces.compound.space import CompoundGrid, CompoundSpace, grid

    grid(config.tolerance)  # a wrong tolerance is answered whatever the strategy
    if config.strategy != "grid" and config.tolerance != ScaleConfig().tolerance:
        raise UsageError(
            f"--tolerance is for the grid: by --strategy {config.strategy} every product is 2. Take --strategy grid, "
            "or leave it out."
        )
    if config.strategy == "grid":
        return CompoundGrid(builder, config.tolerance)
    assert isinstance(law, PowerLaw), law
    if len(law.free) == 2:
        return CompoundEdge(builder, (law.free[0], law.free[1]))
    return CompoundSpace(builder)


def _trials(config: ScaleConfig, space: SearchSpace) -> int:
    from nasbench.core.arch import Choice

    if config.strategy != "grid":
        return config.trials or TRIALS
    (choice,) = space.choices
    assert isinstance(choice, Choice), choice
    return config.trials or len(choice.options)


def _strategy(config: ScaleConfig, space: SearchSpace, plan: Plan) -> Strategy:
    """The sampler; where trainings are long enough, under successive halving, which stops bad candidates early."""
    sampler: str = "nasbench.strategies.grid:Grid" if config.strategy == "grid" else config.strategy
    options: dict[str, Any] = {}
    if stops_early(config, plan.epochs):
        options, sampler = {"sampler": sampler}, "asha"
    elif sampler == "tpe":  # a third is random, and no more than Optuna's own 10
        options = {"startup": max(4, min(10, len(plan.numbers) // 3))}
    made: Strategy = strategies.make(sampler, space, options=options, offered={"epochs": plan.epochs}, seed=plan.seed)
    return made


def _answer(config: ScaleConfig, parts: ScaleParts, run: Run) -> None:
    """The search, then its front-runners beside what they have to beat: two loops over their own numbers of one log."""
    from nasbench.report.scaling.results import front_runners

    plan, repeats = parts.plan, config.repeats
    count, most = len(plan.numbers), config.front_runners
    if most is None:
        most = FRONT_RUNNERS if count >= FEW_TRIALS else FRONT_RUNNERS - 1
    run.watch(planned=count + (repeats.seeds * (most + len(OTHERS)) - most if most else 0))
    source = SurfaceSource(parts.space, parts.strategy, plan, parts.small, parts.surface)
    run.answer(source, parts.evaluator, parts.score)
    best = front_runners([trial for trial in run.trials if trial.number <= count], most)
    seeds = range(repeats.seed, repeats.seed + repeats.seeds)
    jobs = comparison_jobs(parts.small, best, plan, seeds, count + 1, parts.surface)
    run.answer(JobList(jobs), parts.evaluator, parts.score)


def _end(config: ScaleConfig, parts: ScaleParts, run: Run) -> ScaleSearchResult:
    found = write_coefficients(config, run, parts.base, parts.plan.epochs)
    scaled = _scaled(config, found, parts.base) if found else None
    drop_training_states(run.store)
    drop_all_weights(run.store)  # of small networks after short trainings: the coefficients are what was asked for
    result = ScaleSearchResult(run.directory, tuple(run.trials), found, scaled, run.seconds)
    run.end(result.to_json(), write_report)
    return result


def write_coefficients(config: ScaleConfig, run: Run, base: ModelSpec, epochs: int) -> dict[str, Any]:
    """Writes `best/`: the coefficients with how surely they are known, and the base scaled by them. Empty where nothing
    succeeded.
    """
    from nasbench.report.scaling.fit import LEVEL, fit
    from nasbench.report.scaling.results import chosen, comparison, deviation, points

    store = run.store
    row = chosen(store.trials, epochs)
    if row is None:
        return {}
    coefficients = row.coefficients
    surface = fit(points(store.trials), config.repeats.seed)
    rows = comparison(store.trials, epochs)
    record: dict[str, Any] = {
        **vars(coefficients),
        "product": coefficients.product,
        "base": config.base,
        **({"law": config.law} if config.law is not None else {}),
        **({"phi": row.phi, "budget": budget_asked(config)} if given(config) else {}),
        "dataset": config.data.dataset,
        "recipe": config.training.recipe,
        "epochs": epochs,
        "score": {"mean": row.score, "std": deviation(row.scores), "seeds": len(row.scores)},
        "val_accuracy": {"mean": fmean(row.accuracies), "std": deviation(row.accuracies), "seeds": len(row.accuracies)},
        "interval": {"level": LEVEL, **surface.interval} if surface and surface.interval else None,
        "fit": surface.to_json() if surface else None,
        "comparison": [each.to_json() for each in rows],
    }
    scaled = compound_scale(base, coefficients.at(row.phi))
    with files_together(store.directory / "best") as part:
        write_json(part / "coefficients.json", record)
        write_json(part / "architecture.json", scaled.to_json())
        with suppress(UsageError):  # a base that a library's code builds stands in no file of its own
            write_atomically(part / "model.py", source_of(scaled))
    return record


def _scaled(config: ScaleConfig, found: dict[str, Any], base: ModelSpec) -> ScaleResult:
    """The base at phi = 1, or as far as the budget goes, with the coefficients that were found, as `nasbench scale`
    tells of it.
    """
    coefficients, phi = Coefficients(found["alpha"], found["beta"], found["gamma"]), float(found.get("phi", 1.0))
    multipliers = coefficients.at(phi)
    scaled = compound_scale(base, multipliers)
    before, after = counted(base), counted(scaled)
    beside = nearest(base, after.macs)
    chosen = Chosen(config.law or DEFAULT, base, scaled, multipliers, phi, coefficients)
    return ScaleResult(config, chosen, before, after, differences(base, multipliers), beside)
