"""The records that several commands' configurations are composed of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nasbench.core.errors import UsageError
from nasbench.core.file_name import check_path, file_name
from nasbench.engine.config.record import Record, flag, free, number, part
from nasbench.storage.address import TRAINED, Address, run_address

if TYPE_CHECKING:
    from nasbench.train.source import DataSource


@dataclass(frozen=True)
class Data(Record):
    """Which images."""

    dataset: str = part("cifar10", "data set")
    """digits, cifar10, cifar100, mnist, fashion-mnist, imagenet, folder:PATH, shards:PATH, or
    my_package.my_module:MyDataset.
    """
    data_dir: str | None = free(None)
    """Where data sets lie (else $NASBENCH_DATA, else the user cache)."""
    download: bool = free(False)
    """Fetch the data set if it is missing."""
    image_size: int | None = number(None, low=1)
    """Side in pixels at which images are seen (else the data set's own)."""
    skip_corrupt: bool = False
    """Go on without image files that cannot be read; they are counted and named."""

    def check_present(self) -> None:
        """UsageError where the data set's folders are missing and need not be fetched. Needs no torch."""
        from nasbench.train.location import check_present

        if not self.download:
            check_present(self.dataset, None if self.data_dir is None else Path(self.data_dir))

    @property
    def source(self) -> "DataSource":
        """The data set. Nothing is read yet."""
        from nasbench.train.source import DataSource

        return DataSource(self.dataset, self.data_dir, self.image_size, self.download, self.skip_corrupt)


@dataclass(frozen=True)
class Training(Record):
    """How networks are trained, and how large networks of cells are."""

    recipe: str = part("cifar_fast", "recipe")
    """A training recipe by name (see: nasbench list recipes), or my_package.my_module:MY_RECIPE."""
    epochs: int | None = number(None, low=1)
    """Epochs of each training (else the recipe's)."""
    cells: int | None = number(None, low=1)
    """N, normal cells a stack, of networks of cells (else as found or published; in a search, the recipe's)."""
    filters: int | None = number(None, low=1)
    """F, filters of the first stack, of networks of cells (else as found or published; in a search, the recipe's)."""


@dataclass(frozen=True)
class Seeds(Record):
    """How many trainings of each model, and where they are kept."""

    seeds: int = number(1, low=1)
    """This many trainings of each model, under seeds S, S+1, ..."""
    seed: int = number(0)
    """S, the first seed."""
    trained_dir: str = free("runs/trained")
    """Where finished trainings lie; a training that is there is not run twice."""

    def check(self) -> None:
        super().check()
        check_path(self.trained_dir, "--trained-dir")


UNHEEDED: dict[str, tuple[str, ...]] = {
    "local": ("workers", "gpus_per_worker", "ray_address"),
    "processes": ("gpus_per_worker", "ray_address"),
}
"""Executor -> the fields of Workers that mean nothing to it."""


@dataclass(frozen=True)
class Workers(Record):
    """Where it runs."""

    workers: int | Literal["auto"] = number(
        0, low=0, words=("auto",), takes="auto, or a whole number from 0 on", free=True
    )
    """0: in this process; K: K Ray workers; auto: as many as fit into the cluster, which may grow and shrink."""
    gpus_per_worker: float | Literal["auto"] = number(
        0.0, low=0, words=("auto",), takes="auto, or a number from 0 on", free=True
    )
    """GPUs a Ray worker holds; fractions share one; auto: the first children are measured, then as many as fit."""
    ray_address: str | None = free(None)
    """A running Ray cluster (else Ray is started on this machine)."""
    device: Literal["auto", "cpu", "cuda", "mps"] = free("auto")
    """Where networks are trained."""
    trial_timeout: float | None = number(None, above=0, takes="seconds above 0", free=True)
    """Seconds after which an evaluation is stopped and recorded as failed."""
    executor: str = part("auto", "executor", free=True)
    """auto (local, or ray with --workers), local, ray, processes, or my_package.my_module:MyExecutor."""

    @property
    def executor_name(self) -> str:
        """The executor by name: where none is asked for, this process, or Ray if there are workers."""
        if self.executor != "auto":
            return self.executor
        return "local" if self.workers == 0 else "ray"

    @property
    def planned(self) -> int:
        """How many evaluations a forecast may take to run at once: 1 where that is for the cluster to say."""
        return 1 if self.workers == "auto" else max(1, self.workers)

    @property
    def replicas(self) -> int:
        """Processes of one data-parallel training. UsageError for auto: their number is part of what a training is."""
        if self.workers == "auto":
            raise UsageError(
                "--workers auto is for trials, which come and go with the machines; a data-parallel training has a "
                "fixed number of processes: give --workers K"
            )
        return self.workers

    @property
    def gpus_per_replica(self) -> float:
        """GPUs of each process of a data-parallel training. UsageError for auto."""
        if self.gpus_per_worker == "auto":
            raise UsageError(
                "--gpus-per-worker auto is for trials that share a GPU; give each process of a data-parallel training "
                "its own: --gpus-per-worker 1"
            )
        return self.gpus_per_worker

    def check(self) -> None:
        super().check()
        if self.workers == 0 and self.executor == "auto" and (self.gpus_per_worker or self.ray_address):
            raise UsageError(
                "--gpus-per-worker and --ray-address are for Ray workers: give --workers K with K from 1 on"
            )
        unheeded = [name for name in UNHEEDED.get(self.executor, ()) if getattr(self, name) != getattr(Workers(), name)]
        if unheeded:
            raise UsageError(
                f"{' and '.join(map(flag, unheeded))} cannot go with --executor {self.executor}, which has no such "
                "thing; leave one of them out"
            )
        if self.workers == "auto" and self.executor_name != "ray":
            raise UsageError(
                f"--workers auto asks a Ray cluster how many fit, and --executor {self.executor} has none; "
                "give a number"
            )
        if self.executor == "ray" and self.workers == 0:
            raise UsageError("--executor ray needs --workers K with K from 1 on; got --workers 0")


WANDB_ASKS = ("wandb_trials", "wandb_project", "wandb_entity", "wandb_name", "wandb_tags", "wandb_artifacts")
"""Fields that ask for something of W&B."""


@dataclass(frozen=True)
class Tracking(Record):
    """Who watches."""

    wandb: Literal["auto", "online", "offline", "off"] = free("auto")
    """auto: as WANDB_MODE says, else online where a key is set up, else offline. W&B's other variables hold too."""
    wandb_trials: bool = free(False)
    """Also a W&B run for each trial, grouped under the run's."""
    wandb_project: str | None = free(None)
    """W&B's project (else WANDB_PROJECT, else nasbench)."""
    wandb_entity: str | None = free(None)
    """W&B's entity, a user or a team (else WANDB_ENTITY, else the key's own)."""
    wandb_name: str | None = free(None)
    """W&B's name for the run (else WANDB_NAME, else the run directory's)."""
    wandb_tags: tuple[str, ...] = free(())
    """W&B's tags of the run, besides the command (else WANDB_TAGS)."""
    wandb_artifacts: bool = free(False)
    """What the run leaves for use (model.py, weights) as an artifact of W&B, with the aliases best and retrained."""
    wandb_alerts: Literal["on", "off"] = free("on")
    """W&B's alerts: the end, no trial for ten times the usual time, many failures."""
    track: tuple[str, ...] = part((), "tracker", free=True)
    """More trackers: tensorboard, mlflow, csv, or my_package.my_module:MyTracker."""

    def check(self) -> None:
        super().check()
        asked = [name for name in WANDB_ASKS if getattr(self, name)]
        if self.wandb == "off" and asked:
            flags = " and ".join(map(flag, asked))
            raise UsageError(f"{flags} asks for something of W&B, and --wandb off for nothing of it: give one of them")

    @property
    def names(self) -> list[str]:
        """The console, W&B unless it is off, and those that --track names."""
        more = [name for item in self.track for name in item.split(",")]
        return ["console", *([] if self.wandb == "off" else ["wandb"]), *more]

    @property
    def beside(self) -> list[str]:
        """The same without the console, for commands that say themselves how far they are."""
        return self.names[1:]

    @property
    def wandb_settings(self) -> dict[str, Any]:
        """What the tracker of W&B is made with."""
        tags = [tag.strip() for item in self.wandb_tags for tag in item.split(",") if tag.strip()]
        given = {"project": self.wandb_project, "entity": self.wandb_entity, "run_name": self.wandb_name}
        return {
            "mode": self.wandb,
            "trials": self.wandb_trials,
            "given": given,
            "tags": tags,
            "artifacts": self.wandb_artifacts,
            "alerts": self.wandb_alerts == "on",
        }


NOT_TRACKED = Tracking(wandb="off")
"""The default of commands that train little or nothing."""


@dataclass(frozen=True)
class Place(Record):
    """Where the run lies, and what is printed."""

    run: str | None = free(None)
    """The run directory (default: runs/<time>-<command>)."""
    resume: bool = free(False)
    """Go on with the run in --run, under the configuration in its run.json."""
    storage: str | None = free(None, kept=True)
    """Keep the run, under its directory's name, in an object store too: file:///PATH, s3://BUCKET/PREFIX or
    gs://BUCKET/PREFIX.
    """
    json: bool = free(False)
    """One JSON object on standard output; everything for people on standard error."""

    def check(self) -> None:
        super().check()
        if self.run is not None:
            check_path(self.run, "--run")
        if self.storage is not None:
            run_address(self.storage, Path(self.run or "run"))
        if self.resume and self.run is None:
            raise UsageError("--resume needs --run DIR: the directory of the run to go on with")
        if self.run is not None and not self.resume and (Path(self.run) / "run.json").exists():
            raise UsageError(
                f"{self.run} already holds a run. Continue it with --resume, or choose another directory with --run."
            )

    def checkpoints(self, directory: Path) -> str:
        """Where children's weights lie, a path or a URL: in the run directory, or in the store that keeps the run."""
        if self.storage is None:
            return str((directory / "checkpoints").absolute())
        return run_address(self.storage, directory).below("checkpoints").url

    @property
    def trained(self) -> str | None:
        """Where the store keeps finished trainings; None without one."""
        return None if self.storage is None else Address.read(self.storage).below(TRAINED).url

    def directory(self, *names: str) -> Path:
        """The run directory: the one given, or else a new one that says when, and `names`."""
        if self.run is not None:
            return Path(self.run)
        moment = f"{datetime.now():%Y%m%d-%H%M%S}"
        for again in count(1):  # there may be two in one second, or a clock that was set back
            name = "-".join([moment, *names, *([str(again)] if again > 1 else [])])
            found = Path("runs") / file_name(name, "Say where the run is to lie, with --run DIR.")
            if not found.exists():
                return found
        raise AssertionError("numbers do not end")


@dataclass(frozen=True)
class Table(Record):
    """Which columns of a table of known results."""

    score_column: str = "val_accuracy"
    """The column that strategies see (else that of the table's card: a shipped table has one)."""
    cost_column: str | None = None
    """The column with a look-up's cost in seconds."""
    report_columns: tuple[str, ...] = ()
    """Columns that are only reported; in a race the last one ranks the strategies."""
    candidates: Literal["space", "table", "surrogate"] = free("space", kept=True)
    """What is proposed. space: any architecture of the space, each of which needs a row; table: only what the table has
    a row for (a proposal without one becomes the nearest row); surrogate: any architecture, and a regression on the
    rows answers for those without one.
    """

    def completed(self, file: str | None, metrics: Sequence[str] = ()) -> "Table":
        """With the columns that the table's card names, where no score column was given. `metrics` are those of the
        objectives: the first is the score, the others are reported.
        """
        from nasbench.evaluators.known_tables import Card, card_of

        columns, card = self, card_of(file) if file and self.score_column == Table.score_column else Card()
        if card.score_column:
            cost, more = self.cost_column or card.cost_column, self.report_columns or card.report_columns
            columns = replace(self, score_column=card.score_column, cost_column=cost, report_columns=more)
        if not metrics:
            return columns
        known = {metrics[0], columns.cost_column, *columns.columns()}
        more = tuple(metric for metric in metrics if metric not in known)
        return replace(columns, score_column=metrics[0], report_columns=(*columns.report_columns, *more))

    def columns(self) -> tuple[str, ...]:
        """The columns that are only reported, also where they were given as one,two."""
        return tuple(column for item in self.report_columns for column in item.split(",") if column)


@dataclass(frozen=True)
class ModelOverrides(Record):
    """The form a MODEL is asked to take; what is None stays as published, or as found."""

    stack: str | None = None
    """N@P: N normal cells a stack, P channels before the classifier."""
    cells: int | None = number(None, low=1)
    """N, normal cells a stack."""
    filters: int | None = number(None, low=1)
    """F, filters of the first stack."""
    classes: int | None = number(None, low=2)
    """Number of classes (else as published: 10, or 1000 on the ImageNet skeleton)."""
    image_size: int | None = number(None, low=1)
    """Side in pixels (else as published: 32, or 224 on the ImageNet skeleton)."""
    skeleton: Literal["cifar", "imagenet", "final"] | None = None
    """Of a cell network (else cifar up to 64 pixels, imagenet above). final: of space enas-macro, the form in which
    found networks are trained.
    """
    aux_head: bool = False
    """With the auxiliary head at its published place."""
    stem: Literal["cifar", "imagenet"] | None = None
    """Of a network with a form for small images and one for large ones (else cifar up to 64 pixels, imagenet above)."""
