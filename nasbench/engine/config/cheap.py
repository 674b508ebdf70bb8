"""Cheap scores: how a supernet scores, and how far such a score is checked."""

from dataclasses import dataclass
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.core.supernet_run import SupernetRun
from nasbench.core.trust import check_trusted
from nasbench.engine.config.names import file_of
from nasbench.engine.config.record import Record, lying, number
from nasbench.engine.config.shared import Data
from nasbench.engine.config.trust import import_paths


@dataclass(frozen=True)
class Inherited(Record):
    """How a supernet scores (supernet:RUN, --weight-sharing)."""

    score_by: Literal["loss", "accuracy"] = "loss"
    """What of the validation images is the score: loss (the less, the better) or accuracy."""
    score_images: int = number(1000, low=1)
    """Validation images that each score is measured on (all, if there are no more)."""
    recalibration_images: int = number(2048, low=1)
    """Training images that set the statistics of each path's normalisations."""

    @property
    def metric(self) -> str:
        """The metric that is the score; of a loss, minus it."""
        return f"inherited_{self.score_by}"


@dataclass(frozen=True)
class RankingCheck(Record):
    """How far a cheap score is checked (proxy:NAME, supernet:RUN, --weight-sharing)."""

    check: int = number(0, low=0)  # type: ignore[assignment]  # the flag is --check; Record calls its own check unbound
    """K: train K architectures over the whole range of scores by themselves, and report how the score ranks them."""
    truth: str | None = lying(None)
    """table:FILE or a shipped table: hold all scores against a table of the space instead, and train none for it."""
    truth_column: str | None = None
    """The column of --truth (else the last one that studies of a shipped table report, or val_accuracy)."""

    @property
    def truth_file(self) -> str | None:
        """The file or the shipped name of the table; None without one, and for a truth that is no table."""
        return None if self.truth is None else file_of(self.truth, "--truth")


OWN_DATA = "auto"
"""The data set where none is named and a supernet scores: that of its training."""


def data_of_supernet(supernet: SupernetRun, data: Data) -> Data:
    """The data set of the supernet's training, where `data` names OWN_DATA or that one; what else is given stays.

    UsageError for another of the data sets that come with nasbench, and for another size of its images.
    """
    stored = supernet.record()["config"]
    given = data.dataset not in (OWN_DATA, supernet.dataset)
    if given and ":" not in data.dataset:
        raise UsageError(
            f"the supernet in {supernet.directory} was trained on {supernet.dataset!r}; got --dataset {data.dataset}. "
            "Leave --dataset out, or train a supernet on that data set."
        )
    if data.image_size not in (None, stored.get("image_size")):
        own = stored.get("image_size") or supernet.task.image_size
        raise UsageError(
            f"the supernet in {supernet.directory} sees images at {own} pixels; got --image-size {data.image_size}. "
            "Leave --image-size out."
        )
    own_values = {
        "dataset": data.dataset if given else supernet.dataset,
        "data_dir": data.data_dir or stored.get("data_dir"),
        "image_size": stored.get("image_size"),
        "skip_corrupt": data.skip_corrupt or bool(stored.get("skip_corrupt")),
    }
    found = data.changed(**own_values)
    check_trusted(import_paths(found, own_values), supernet.directory / "run.json")
    return found


def check_space(supernet: SupernetRun, space: str) -> None:
    """UsageError where a supernet's architectures are not those of a space."""
    if supernet.space != space:
        raise UsageError(
            f"the supernet in {supernet.directory} holds the weights of space {supernet.space!r}, not of {space!r}. "
            f"Give --space {supernet.space}, or another supernet."
        )


def check_size(supernet: SupernetRun, cells: int | None, filters: int | None) -> None:
    """UsageError where --cells or --filters ask for another size than a supernet has."""
    for flag, given, own in (("--cells", cells, supernet.size.depth), ("--filters", filters, supernet.size.width)):
        if given is not None and given != own:
            raise UsageError(
                f"{flag} {given} is not the size of the supernet in {supernet.directory}, which has {own:g}. Leave "
                f"{flag} out, or train a supernet of that size."
            )


def check_truth(ranking: RankingCheck) -> None:
    """UsageError for a truth that is no table, and for a table that is not there."""
    if ranking.truth is None:
        if ranking.truth_column is not None:
            raise UsageError("--truth-column names a column of --truth table:FILE: give both, or leave it out")
        return
    from nasbench.evaluators.known_tables import require_table

    if ranking.truth_file is None:
        raise UsageError(
            f"--truth takes table:FILE, or a shipped table such as table:nasbench201-cifar10; got {ranking.truth!r}"
        )
    require_table(ranking.truth_file, "--truth")
