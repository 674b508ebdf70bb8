"""What a comparison of cheap scores with the truth is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from nasbench.core.errors import UsageError, together
from nasbench.core.proxy import reads_images
from nasbench.core.registry import evaluators
from nasbench.core.store import RUN_FILE, RunStore
from nasbench.core.supernet_run import SupernetRun
from nasbench.core.trust import check_trusted
from nasbench.engine.config.cheap import OWN_DATA, Inherited, data_of_supernet
from nasbench.engine.config.names import check_name, file_of, proxy_of, supernet_of
from nasbench.engine.config.record import Record, flag, labels_of, lying, number, part
from nasbench.engine.config.shared import NOT_TRACKED, Data, Place, Tracking, Workers
from nasbench.engine.config.space import SpaceForm
from nasbench.engine.config.trust import Trusting, import_paths


@dataclass(frozen=True)
class CheapScore:
    """A score as --scores names it: `argument` is a proxy's name, a number of epochs, a table's file, the run of a
    supernet or an evaluator's import path.
    """

    label: str
    kind: Literal["proxy", "epochs", "table", "supernet", "evaluator"]
    argument: str

    @property
    def epochs(self) -> int:
        """The epochs of its training; 1 for what trains nothing."""
        return int(self.argument) if self.kind == "epochs" else 1

    @property
    def reads_images(self) -> bool:
        """Whether it needs the images of the data set; a supernet reads those of its own training, and an evaluator of
        one's own looks for itself.
        """
        return self.kind == "epochs" or (self.kind == "proxy" and reads_images(self.argument))


def scores_of(scores_flag: Sequence[str]) -> tuple[CheapScore, ...]:
    """Read from --scores. UsageError for none, for one that is given twice, and for what is no score."""
    return tuple(map(_score, labels_of(scores_flag, "--scores", "proxy:NAME,epochs:E,supernet:RUN,table:FILE,…")))


def _score(label: str) -> CheapScore:
    kind, colon, argument = label.partition(":")
    if kind == "proxy":
        return CheapScore(label, "proxy", proxy_of(label, "--scores") or "")
    if kind == "table":
        return CheapScore(label, "table", file_of(label, "--scores") or "")
    if kind == "supernet":
        SupernetRun.read(supernet_of(label) or "")
        return CheapScore(label, "supernet", argument)
    if kind == "epochs":
        if not argument.isdecimal() or int(argument) < 1:
            raise UsageError(f"--scores epochs:E takes a whole number of epochs from 1 on; got {label!r}")
        return CheapScore(label, "epochs", argument)
    if not colon or kind in evaluators.names():
        raise UsageError(
            "--scores takes proxy:NAME, epochs:E, supernet:RUN, table:FILE or my_package.my_module:MyEvaluator; got "
            f"{label!r}. For a training write epochs:E, for a proxy proxy:NAME (see: nasbench list proxies)."
        )
    if argument.isdecimal():
        raise UsageError(f"--scores takes epochs:E for a training; got {label!r}. Did you mean 'epochs:{argument}'?")
    check_name("evaluator", label, "--scores")
    return CheapScore(label, "evaluator", label)


@dataclass(frozen=True)
class FidelityConfig(Record):
    """Ranks cheap scores against the truth: correlation over all and at the top, how good their pick is, and what they
    cost.

    Example: nasbench fidelity --truth table:nasbench201-cifar10 --scores proxy:params,proxy:synflow --sample 200
    """

    truth: str = lying("table:nasbench201-cifar10")
    """table:FILE, a shipped table (table:nasbench201-cifar10), or the directory of a search that has ended."""
    truth_column: str | None = None
    """The column that is the truth (else the last one that studies of a shipped table report, val_accuracy of one's
    own table, the score of a search).
    """
    space: str | None = part(None, "space")
    """The space of the architectures (else that of the search, or nasbench201)."""
    scores: tuple[str, ...] = ("proxy:params", "proxy:macs", "proxy:synflow", "proxy:naswot")
    """Scores to rank: proxy:NAME (see: nasbench list proxies), epochs:E (a training for E epochs), supernet:RUN
    (inherited weights), table:FILE, or my_package.my_module:MyEvaluator.
    """
    score_column: str = "val_accuracy"
    """The column of table:FILE, or the metric of an evaluator of one's own, that is the score (a shipped table's own
    unless given).
    """
    sample: int = number(1000, low=2, grows=True)
    """This many architectures, drawn at random (all, if there are no more). A resumed run may be given more."""
    seed: int = number(0)
    """Of the sample, of the networks' weights and of the images that proxies read."""
    recipe: str = part("nasnet_proxy", "recipe")
    """The training recipe of epochs:E (see: nasbench list recipes)."""
    cells: int | None = number(None, low=1)
    """N, normal cells a stack, of networks of cells (else the space's own, or the search's)."""
    filters: int | None = number(None, low=1)
    """F, filters of the first stack, of networks of cells (else the space's own, or the search's)."""
    form: SpaceForm = SpaceForm()
    inherited: Inherited = Inherited()
    data: Data = Data(dataset="auto")
    workers: Workers = Workers()
    tracking: Tracking = NOT_TRACKED
    place: Place = Place()
    trusts: Trusting = Trusting()

    @property
    def truth_file(self) -> str | None:
        """The file or the shipped name of the table; None where the truth is a run."""
        return file_of(self.truth, "--truth")

    def check(self) -> None:
        super().check()
        together([partial(scores_of, (label,)) for item in self.scores for label in item.split(",")])
        scores = scores_of(self.scores)
        own = [name for name, value in self.inherited.flat().items() if value != getattr(Inherited(), name)]
        if own and not any(score.kind == "supernet" for score in scores):
            raise UsageError(f"{flag(own[0])} is for a score supernet:RUN; --scores names none. Leave it out.")
        if self.truth_file is not None:
            from nasbench.evaluators.known_tables import require_table

            require_table(self.truth_file, "--truth")
        elif not (Path(self.truth) / RUN_FILE).exists():
            raise UsageError(
                f"--truth takes table:FILE, table:nasbench201-cifar10 or the directory of a search; there is no run in "
                f"{self.truth!r}"
            )

    def effective_data(self) -> Data:
        """The data set that scores read: the one that is named, else that of the search, else cifar10."""
        if self.truth_file is not None:
            return self.data if self.data.dataset != "auto" else self.data.changed(dataset="cifar10")
        stored = RunStore.read_record(Path(self.truth)).get("config", {})
        data = self.data
        if data.dataset in ("auto", stored.get("dataset")):
            names = [name for name in ("dataset", "data_dir", "image_size") if stored.get(name) is not None]
            own = {name: stored[name] for name in names if getattr(data, name) in (None, "auto")}
            data = data.changed(**own)
            check_trusted(import_paths(data, own), Path(self.truth) / RUN_FILE)
        return data if data.dataset != "auto" else data.changed(dataset="cifar10")

    def check_present(self) -> None:
        """UsageError where a score needs images that are not there. Needs no torch."""
        if any(score.reads_images for score in scores_of(self.scores)):
            self.effective_data().check_present()
        for score in scores_of(self.scores):
            if score.kind == "supernet":
                supernet = SupernetRun.read(score.argument)
                data_of_supernet(supernet, Data(OWN_DATA, self.data.data_dir)).check_present()
