"""What a search is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.core.objectives import parse_objectives
from nasbench.core.proxy import metric_of, ranked_parts, reads_images
from nasbench.core.store import RUN_FILE
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config.cheap import (
    Inherited,
    RankingCheck,
    check_size,
    check_space,
    check_truth,
    data_of_supernet,
)
from nasbench.engine.config.costs import Costs
from nasbench.engine.config.goals import Goals
from nasbench.engine.config.names import file_of, proxy_of, supernet_of
from nasbench.engine.config.record import Record, flag, free, lying, number, options, part
from nasbench.engine.config.screen import screen_of
from nasbench.engine.config.shared import Data, Place, Table, Tracking, Training, Workers
from nasbench.engine.config.sharing import Sharing, supernet_directory
from nasbench.engine.config.space import Deepening, SpaceForm
from nasbench.engine.config.supernet import space_with_supernet
from nasbench.engine.config.trust import Trusting


@dataclass(frozen=True)
class SearchConfig(Record):
    """Searches a space and leaves a run directory with the best network.

    Example: nasbench search --space nasnet --dataset digits --trials 24 --recipe quick
    """

    space: str = part("nasnet", "space")
    """A space by name (see: nasbench list spaces), or my_package.my_module:MySpace."""
    strategy: str = part("ppo", "strategy")
    """ppo, reinforce, random, evolution, local_search, tpe, nsga2, asha, predictor, enas, a sampler of Optuna's such as
    optuna:GPSampler, a searcher of Ray Tune's such as ray:HyperOptSearch, or my_package.my_module:MyStrategy.
    """
    strategy_options: tuple[str, ...] = options()
    """The strategy's own settings, as KEY=VALUE: population=50 sample=10, or asha's sampler=tpe."""
    controller: Literal["lstm", "table"] | None = None
    """What ppo and reinforce sample architectures from: lstm, as in the papers, or table, a logit for each option.
    Default: what the strategy's option hidden_units says, else the LSTM.
    """
    evaluator: str = part("train", "evaluator", lies=True)
    """train, table:FILE, table:nasbench201-cifar10, proxy:NAME (see: nasbench list proxies), proxy:my_module:my_score,
    supernet:RUN (a run of nasbench supernet), or my_package.my_module:MyEvaluator.
    """
    screen: str | None = lying(None)
    """proxy:NAME=K, such as proxy:synflow=8: the strategy makes K proposals at a time, and only the best by the proxy
    is evaluated. table:FILE#COLUMN=K takes the scores that a table knows.
    """
    preset: Literal["paper", "quick"] | None = None
    """paper: the published strategy settings and proxy; with --weight-sharing enas in ENAS's spaces, its released
    settings. quick: a look at the whole path. Explicit flags win.
    """
    trials: int = number(100, low=1, grows=True)
    """Lines of any status in trials.jsonl that the search may spend. A resumed run may be given more."""
    time_budget: float | None = number(None, above=0, takes="seconds above 0")
    """Tables: end before this many seconds of the cost column are spent (--trials holds too)."""
    pruner: str | None = part(None, "pruner")
    """Stops bad children early by what they report after each epoch: median, or my_package.my_module:MyPruner."""
    control: int | Literal["auto"] = number(
        "auto", low=0, words=("auto",), takes="auto, or a whole number from 0 on", grows=True
    )
    """K: this many more random children after the search, as a control; a resumed run that began with a number may be
    given more. 0: none. auto: from 24 trials on, some of the trials (6 of 24, 12 of 100, 68 of 1,000); none on a table,
    as it says what chance is.
    """
    retrain_top: int = number(0, low=0)
    """After the search, train the best K again, for --retrain-epochs. Of a search by proxy:NAME or supernet:RUN they
    are trained by themselves, under --recipe, and the best of these is the result.
    """
    retrain_epochs: int | None = number(None, low=1)
    """Epochs of that retraining (after proxy:NAME or supernet:RUN: else the recipe's)."""
    return_: Literal["seen", "posterior", "auto"] = free("seen", kept=True)
    """Which network is returned, and trained again by --retrain-top. seen: the one with the best score; posterior: the
    best by a model of all scores, which takes their noise out; auto: that one where the model holds most of the best
    score's lead to be noise.
    """
    keep: int = number(1, low=1)
    """Keep the weights of this many of the best trials, for RUN --trial N."""
    dry_run: bool = free(False)
    """Say how large children are and how long the search would take, measured on this device; write nothing."""
    seed: int = number(0)
    """Of the search, and of every child's training."""
    goals: Goals = Goals()
    costs: Costs = Costs()
    form: SpaceForm = SpaceForm()
    deepening: Deepening = Deepening()
    table: Table = Table()
    sharing: Sharing = Sharing()
    inherited: Inherited = Inherited()
    ranking: RankingCheck = RankingCheck()
    data: Data = Data()
    training: Training = Training(recipe="nasnet_proxy")
    workers: Workers = Workers()
    tracking: Tracking = Tracking()
    place: Place = Place()
    trusts: Trusting = Trusting()

    @property
    def table_file(self) -> str | None:
        """The file or the shipped name of the table; None where the evaluator is no table."""
        return file_of(self.evaluator)

    @property
    def proxy(self) -> str | None:
        """The name of the proxy; None where the evaluator is none."""
        return proxy_of(self.evaluator)

    @property
    def supernet(self) -> SupernetRun | None:
        """The supernet whose weights score; None where the evaluator is none. UsageError where it cannot be used."""
        run = supernet_of(self.evaluator)
        if run is None or not self.place.resume or (Path(run) / RUN_FILE).exists():
            return None if run is None else SupernetRun.read(run)
        directory = Path(str(self.place.run))
        beside = supernet_directory(directory)  # the two may have been moved together
        if self.sharing.weight_sharing is not None and (beside / RUN_FILE).exists():
            return SupernetRun.read(str(beside))
        raise UsageError(
            f"the supernet that the search in {directory} scores with is not in {run} any more. Put it back, or say "
            f"where it lies: --evaluator supernet:RUN. What was found is kept: nasbench report {quote(str(directory))}"
        )

    @property
    def inherits(self) -> bool:
        """Whether children are scored with weights that they inherit."""
        return self.sharing.weight_sharing is not None or supernet_of(self.evaluator) is not None

    @property
    def cheap(self) -> bool:
        """Whether nothing is trained for a score: what follows the search is trained by itself."""
        return self.proxy is not None or self.inherits

    @property
    def checked(self) -> int:
        """How many architectures are trained to check a cheap score; none where a table has the truth."""
        return self.ranking.check if self.ranking.truth is None else 0

    @property
    def trains_after(self) -> bool:
        """Whether something is trained by itself after a search by a cheap score."""
        return self.cheap and bool(self.retrain_top or self.checked)

    @property
    def reads_images(self) -> bool:
        """Whether scores need the images of the data set; an evaluator of one's own looks for itself."""
        if self.evaluator == "train" or self.trains_after or supernet_of(self.evaluator) is not None:
            return True
        return self.proxy is not None and reads_images(self.proxy)

    def check_present(self) -> None:
        """UsageError where the images that scores need are not there. Needs no torch."""
        if self.reads_images or self.screen_reads_images:
            self.effective_data().check_present()

    def effective_data(self) -> Data:
        """The data set that is named, or that of the supernet's own training."""
        supernet = self.supernet
        return self.data if supernet is None else data_of_supernet(supernet, self.data)

    @property
    def screen_reads_images(self) -> bool:
        """Whether proposals are chosen by a score that needs the images of the data set."""
        return self.screen is not None and screen_of(self.screen).reads_images

    def check(self) -> None:
        super().check()
        if self.time_budget is not None and self.table_file is None:
            raise UsageError(
                "--time-budget counts a table's --cost-column: it is for --evaluator table:FILE; got "
                f"{self.evaluator!r}"
            )
        if self.table.candidates != "space" and self.table_file is None:
            asked = f"--candidates {self.table.candidates}"
            raise UsageError(f"{asked} is for --evaluator table:FILE; got {self.evaluator!r}")
        if self.form != SpaceForm() or self.deepening != Deepening():
            self.form.made(self.space, self.deepening, self.trials)
        if self.deepening.grow_layers and self.table_file is not None:
            raise UsageError(
                "a table knows networks of one depth: leave --grow-layers and --grow-every out, or train the networks"
            )
        own = [each.source for each in parse_objectives(self.goals.objectives) if each.source is not None]
        if own and self.table_file is not None:
            raise UsageError(
                f"--objectives {own[0]} is a function, and objectives on a table are its columns: name columns, or "
                "write the function's values into one. A function that makes the score alone may be a --reward."
            )
        self._check_heeded()
        self._check_proxy()
        self._check_supernet()
        self._check_sharing()
        if self.screen is not None:
            screen_of(self.screen)
        if self.cheap:
            if self.retrain_epochs and not self.trains_after:
                raise UsageError(
                    "--retrain-epochs E goes with --retrain-top K or --check K: nothing is trained without"
                )
        elif bool(self.retrain_top) != bool(self.retrain_epochs):
            raise UsageError("--retrain-top K and --retrain-epochs E go together: give both or neither")

    @property
    def control_after(self) -> int:
        """How many random children are trained after the search."""
        return 0 if self.control == "auto" else self.control

    def completed(self) -> "SearchConfig":
        """With the columns of the score that follow from the objectives and from a shipped table.

        UsageError for a table that is not there.
        """
        if self.table_file is not None:
            from nasbench.evaluators.known_tables import require_table

            require_table(self.table_file)
        if supernet_of(self.evaluator) is not None:
            own = self.table if self.goals.objectives else replace(self.table, score_column=self.inherited.metric)
            config = replace(self, data=self.effective_data(), table=own)
            return config if not self.goals.objectives else config._with_columns()
        if self.proxy is not None and not self.goals.objectives:
            return replace(self, table=replace(self.table, score_column=metric_of(self.proxy)))
        return self._with_columns()

    def _with_columns(self) -> "SearchConfig":
        """With the columns that follow from the objectives and from a shipped table."""
        metrics = [objective.metric for objective in parse_objectives(self.goals.objectives)]
        return replace(self, table=self.table.completed(self.table_file, metrics))

    def _check_proxy(self) -> None:
        """UsageError for a proxy that scores no network alone, and for another score than the proxy's."""
        if self.proxy is None or self.goals.objectives:
            return
        if parts := ranked_parts(self.proxy):
            raise UsageError(
                f"proxy:{self.proxy} ranks a network among others, which a search has not when it scores a child. "
                f"Search for its parts with --objectives {','.join(f'+{part}' for part in parts)}, or rank a sample "
                f"with nasbench fidelity --scores proxy:{self.proxy}."
            )
        if self.table.score_column not in (Table.score_column, metric_of(self.proxy)):
            raise UsageError(
                f"--score-column is for --evaluator table:FILE; the score of {self.evaluator} is its value. Leave "
                f"--score-column {self.table.score_column} out."
            )

    def _check_supernet(self) -> None:
        """UsageError for a supernet of another space, size or data set, and for a truth that is no table."""
        supernet = self.supernet
        if supernet is not None:
            check_space(supernet, self.space)
            check_size(supernet, self.training.cells, self.training.filters)
            self.effective_data()
            if not self.goals.objectives and self.table.score_column not in (Table.score_column, self.inherited.metric):
                raise UsageError(
                    "--score-column is for --evaluator table:FILE; a supernet scores as --score-by says. Leave "
                    f"--score-column {self.table.score_column} out."
                )
        check_truth(self.ranking)

    def _check_sharing(self) -> None:
        """UsageError for what a search that trains a supernet first cannot do."""
        if self.sharing.weight_sharing is None:
            return
        space_with_supernet(self.space, self.sharing.share)
        if self.form != SpaceForm() or self.deepening != Deepening():
            raise UsageError(
                "a supernet holds its space as it is: leave --layers, --space-options, --grow-layers and --grow-every "
                "out"
            )
        if self.dry_run:
            raise UsageError(
                "--dry-run cannot tell how long shared weights take: leave --weight-sharing out to time the networks "
                "that are trained by themselves"
            )

    def _check_heeded(self) -> None:
        """UsageError for flags of a table where networks are trained, and of trainings where a table has the results.

        An evaluator of one's own may heed any.
        """
        names: tuple[str, ...] = ()
        what = ""
        if not self.inherits:
            self._refuse(tuple(Inherited().flat()), "is for --weight-sharing or --evaluator supernet:RUN")
        if self.sharing.weight_sharing is None:
            names = tuple(name for name in Sharing().flat() if name != "weight_sharing")
            self._refuse(names, "is for a search with --weight-sharing")
        if not self.cheap:
            self._refuse(
                tuple(RankingCheck().flat()),
                "is for a score without training: proxy:NAME, supernet:RUN, --weight-sharing",
            )
        if (
            self.evaluator == "train" and not self.inherits
        ):  # objectives are written among the columns when a search begins
            names = ("cost_column", *(() if self.goals.objectives else ("score_column", "report_columns")))
            what = "is for --evaluator table:FILE"
        elif self.table_file is not None:
            names, what = ("epochs", "cells", "filters", "image_size", "skip_corrupt"), "is for --evaluator train"
        elif self.cheap:
            of_accuracy = self.inherits and self.inherited.score_by == "accuracy"
            names = ("epochs", *(() if of_accuracy else ("target_macs", "reward")), "cost_column")
            names += () if self.goals.objectives else ("report_columns",)
            what = "means nothing to a score without training"
        self._refuse(names, what)

    def _refuse(self, names: Sequence[str], what: str) -> None:
        """UsageError where one of these fields has another value than its default."""
        given, plain = self.flat(), SearchConfig().flat()
        sharing = self.sharing.weight_sharing
        scored = f"--evaluator {self.evaluator}" if sharing is None else f"--weight-sharing {sharing}"
        for name in names:
            if given[name] != plain[name]:
                raise UsageError(f"{flag(name)} {what}; got {scored}. Leave one of the two out.")
