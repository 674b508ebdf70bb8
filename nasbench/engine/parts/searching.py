"""What a search is made of: everything its configuration names, looked up and checked before any work starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.answers import check_ready, checked_identity, task_of
from nasbench.core.clock import SimulatedClock
from nasbench.core.control import SHARES, SHARES_FIELD, told_of_control
from nasbench.core.errors import UsageError
from nasbench.core.growth import Growth, ProposesAnyDepth
from nasbench.core.identity import file_digest
from nasbench.core.loop import Executor
from nasbench.core.protocols import Depends, Evaluator, Metrics, Pruner, SearchSpace, Strategy, Tracker
from nasbench.core.recipe import recipe_named
from nasbench.core.registry import executors, pruners, strategies
from nasbench.core.source import Plan
from nasbench.core.spec import size_record, task_record
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.controllers import ControllerInUse, controller_in_use, strategy_options
from nasbench.engine.parts.costing import counts_within, limits_of, model_in_search, record_of_costs
from nasbench.engine.parts.fronts import told_of_front
from nasbench.engine.parts.scoring import After, scoring_of
from nasbench.engine.parts.screening import of_search
from nasbench.engine.parts.sizes import epochs_of_children, size_of_children
from nasbench.evaluators.counts import CountedOnce
from nasbench.strategies.around.constrained import Limits, within
from nasbench.strategies.around.control import Control
from nasbench.strategies.around.growing import grown, told_of_growth
from nasbench.strategies.around.nearest_row import NearestRow, OfRows
from nasbench.strategies.around.scored_once import ScoredOnce
from nasbench.strategies.around.screened import screened
from nasbench.trackers.guard import guarded_trackers

if TYPE_CHECKING:
    from nasbench.train.reading import Reading


@dataclass(frozen=True)
class SearchParts:
    """What a search is made of."""

    space: SearchSpace
    strategy: Strategy | ProposesAnyDepth
    control: Strategy | ProposesAnyDepth
    mixed: bool
    """Whether some of the search's own trials are the control's."""
    evaluator: Evaluator
    executor: Executor
    trackers: Sequence[Tracker]
    plan: Plan
    score: Callable[[Metrics], float]
    record: Mapping[str, Any]
    """What run.json says of how proposals become networks."""
    clock: SimulatedClock | None = None
    pruner: Pruner | None = None
    reading: "Reading | None" = None
    """What is met in the images of the data set; None where the evaluator is a table."""
    notes: tuple[str, ...] = ()
    """What of the recipe has no effect on the networks of the space."""
    told: tuple[str, ...] = ()
    """What is said of a cheap score before the search starts."""
    after: After | None = None
    """What trains the front-runners of a search by a cheap score; None where the evaluator itself does."""
    screen: ScoredOnce | None = None
    """The cheap score that proposals are chosen by."""
    growth: Growth | None = None
    """How networks get deeper; None where all are alike in depth."""
    controller: ControllerInUse | None = None
    """What the strategy samples from, where it says so."""
    trained_controller: str | None = None
    """The digest of the trained controller that goes on in the search."""

    def identity(self) -> dict[str, Any]:
        """What its results depend on beside its configuration."""
        found = {}
        if isinstance(self.evaluator, Depends):
            found = checked_identity("the evaluator", self.evaluator, self.evaluator.identity())
        if self.after is not None and isinstance(self.after.evaluator, Depends):
            found["after"] = dict(self.after.evaluator.identity())
        if self.screen is not None:
            found["screen"] = dict(self.screen.identity)
        if self.trained_controller is not None:
            found["controller"] = self.trained_controller
        return found


def prepare(config: SearchConfig, directory: Path) -> SearchParts:
    """Looks everything up, and answers every wrong name, path and size before any work starts."""
    goals, columns, trains = config.goals, config.table, config.evaluator == "train"
    strategies.get(config.strategy)  # a wrong name is answered before files are looked at
    chosen, options = strategy_options(config)
    limits = limits_of(goals)
    trackers = guarded_trackers(config.tracking.names, config.tracking.wandb_settings)
    executor = executors.make(config.workers.executor_name, offered=config.workers.flat())
    pruner = None if config.pruner is None else pruners.make(config.pruner)
    recipe = recipe_named(config.training.recipe, config.training.epochs)
    space: SearchSpace = config.form.made(config.space, config.deepening, config.trials)
    growth, supernet = config.deepening.schedule(space), config.supernet
    scoring = scoring_of(config, space, recipe, directory, supernet, executor)
    epochs = epochs_of_children(config, recipe)
    if scoring.after is None and config.retrain_epochs is not None and config.retrain_epochs <= epochs:
        raise UsageError(f"--retrain-epochs takes more epochs than the search's {epochs}; got {config.retrain_epochs}")
    front = told_of_front(config.strategy, scoring.objectives)
    size = size_of_children(config, space, recipe, supernet)
    task = task_of(config.evaluator, scoring.evaluator)
    counts = CountedOnce(space, size, task)
    plan = Plan(
        numbers=range(1, config.trials + 1),
        seed=config.seed,
        epochs=epochs,
        source=f"space:{config.space}",
        size=size,
        task=task,
        data=config.data.dataset if config.reads_images else "",
    )
    notes: tuple[str, ...] = ()
    if trains or config.cheap:
        from nasbench.evaluators.building import dry_build
        from nasbench.train.ignored import ignored_fields, told

        child = dry_build(space, plan)
        ignored = ignored_fields(*child, recipe) if trains or scoring.after else {}
        notes = told(f"networks of space {space.name!r}", recipe, ignored)
    offered = {
        "epochs": epochs,
        "objectives": goals.objectives,
        "counts": counts,
        "recipe": recipe if trains else None,
        "supernet": supernet,
        **chosen,
    }
    make = partial(strategies.make, config.strategy, options=options, offered=offered, seed=config.seed)
    own: Strategy = make(space)
    check_ready(scoring.evaluator)
    if scoring.after is not None:
        scoring.after.evaluator.check()
    controller = controller_in_use(config.strategy, own)
    if config.costs.latency_model:
        model = model_in_search(scoring.costs, config, space, plan, directory)
        scoring = scoring.by(replace(scoring.costs, model=model))
    evaluator, score, after = scoring.evaluator, scoring.score, scoring.after
    measured = counts_within(counts, limits, config.costs, space, plan, recipe if trains else None, scoring.costs.model)
    recorded_costs = record_of_costs(scoring.costs, limits)
    chance = None if limits != Limits() else _chance(evaluator, score)
    screen = of_search(config, space, plan)  # what it has chosen is no random control
    own_control = screen is None and getattr(own, "own_control", False)
    mixed = config.control == "auto" and chance is None and not own_control
    control_seed = config.seed if mixed else None
    strategy: Strategy | ProposesAnyDepth
    children: Strategy | ProposesAnyDepth
    limited = within(measured, limits)
    deeper: tuple[str, ...] = ()
    if growth is not None:
        strategy, children = grown(space, own, make, control_seed, limited, screen)
        deeper = told_of_growth(growth, strategy, config.strategy, config.trials)
    elif columns.candidates == "table":
        nearest = NearestRow(scoring.made, space, measured, limits)
        strategy, children = OfRows(own, nearest), OfRows(Control(space, control_seed), nearest)
        strategy = screened(strategy, screen, space)
    else:
        strategy = screened(limited(own, space), screen, space)
        children = limited(Control(space, control_seed), space)
    table = None if config.table_file is None else scoring.made.told()
    budget, seconds = config.time_budget, columns.cost_column
    return SearchParts(
        space=space,
        strategy=strategy,
        control=children,
        mixed=mixed,
        evaluator=evaluator,
        executor=executor,
        trackers=trackers,
        plan=plan,
        score=score,
        record={
            "source": plan.source,
            "size": size_record(size),
            "task": task_record(task),
            "epochs": epochs,
            "target_macs": goals.count("target_macs"),
            "recipe": asdict(recipe) if trains else None,
            "chance": chance,
            **({SHARES_FIELD: [list(each) for each in SHARES]} if mixed else {}),
            **({} if controller is None else {"controller": controller.record()}),
            **scoring.record,
            **recorded_costs,
            **({"notes": list(notes)} if notes else {}),
            **({} if table is None else {"table": table}),
        },
        clock=SimulatedClock(budget, seconds) if budget and seconds else None,
        pruner=pruner,
        reading=config.data.source.reading if config.table_file is None or config.screen_reads_images else None,
        notes=notes,
        told=(
            *([] if table is None else [table]),
            *scoring.told_of_reward,
            *front,
            *(told_of_control(config.trials) if mixed and not config.place.resume else ()),
            *scoring.told_of_cheap,
            *(() if scoring.costs.model is None else (scoring.costs.model.told,)),
            *(each.told for each in (screen, controller) if each is not None),
            *deeper,
        ),
        after=after,
        screen=screen,
        growth=growth,
        controller=controller,
        trained_controller=file_digest(supernet.controller)
        if supernet is not None and getattr(own, "begun", False)
        else None,
    )


def _chance(evaluator: Evaluator, score: Callable[[Metrics], float]) -> dict[str, Any] | None:
    """What a random child scores on a table, exactly; None for other evaluators, and for a score that needs more than
    the table has.
    """
    from nasbench.evaluators.table import TableEvaluator
    from nasbench.report.run.chance import exact_of

    if not isinstance(evaluator, TableEvaluator) or not evaluator.has_rows_alone:
        return None
    try:
        return exact_of([score(row) for row in evaluator.rows()])
    except KeyError:
        return None
