"""What a command was asked to do: frozen records, saved in `run.json`, parsed by the command line, built by the Python API."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class SearchConfig:
    """Searches a space and leaves a run directory with the best network.

    Example: nasbench search --space nasnet --dataset digits --trials 24 --recipe quick
    """

    space: str = "nasnet"
    """A space by name (see: nasbench list spaces), or my_package.my_module:MySpace."""
    strategy: str = "ppo"
    """ppo, reinforce, random, or my_package.my_module:MyStrategy."""
    strategy_options: tuple[str, ...] = ()
    """The strategy's own settings, as KEY=VALUE."""
    evaluator: str = "train"
    """train, table:FILE, or my_package.my_module:MyEvaluator."""
    score_column: str = "val_accuracy"
    """Tables: the column that the strategy sees."""
    cost_column: str | None = None
    """Tables: the column with a look-up's cost in seconds."""
    report_columns: tuple[str, ...] = ()
    """Tables: columns that are only reported."""
    dataset: str = "cifar10"
    """digits, cifar10, cifar100, mnist, fashion-mnist, imagenet, folder:PATH, or my_package.my_module:MyDataset."""
    data_dir: str | None = None
    """Where data sets lie (else $NASBENCH_DATA, else the user cache)."""
    download: bool = False
    """Fetch the data set if it is missing."""
    image_size: int | None = None
    """Side in pixels at which images are seen (else the data set's own)."""
    recipe: str = "nasnet_proxy"
    """A training recipe by name (see: nasbench list recipes), or my_package.my_module:MY_RECIPE."""
    preset: Literal["paper", "quick"] | None = None
    """paper: the published strategy settings and proxy; quick: a look at the whole path. Explicit flags win."""
    epochs: int | None = None
    """Epochs a child (else the recipe's)."""
    cells: int | None = None
    """N, normal cells a stack of a child (else the recipe's)."""
    filters: int | None = None
    """F, filters of a child's first stack (else the recipe's)."""
    trials: int = 100
    """Lines of any status in trials.jsonl that the search may spend."""
    target_macs: str | None = None
    """Score = accuracy x (MACs/T)^-0.07 with this T, such as 400M."""
    control: int = 0
    """This many more random children, trained as a control."""
    retrain_top: int = 0
    """After the search, train the best K again, for --retrain-epochs."""
    retrain_epochs: int | None = None
    """Epochs of that retraining."""
    seed: int = 0
    """Of the search, and of every child's training."""
    workers: int = 0
    """0: in this process; K: K Ray workers."""
    gpus_per_worker: float = 0.0
    """GPUs a Ray worker holds; fractions share one."""
    ray_address: str | None = None
    """A running Ray cluster (else Ray is started on this machine)."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where children are trained."""
    trial_timeout: float | None = None
    """Seconds after which a child is stopped and recorded as failed."""
    wandb: Literal["auto", "online", "offline", "off"] = "auto"
    """auto: online where a key is set up, else offline."""
    wandb_trials: bool = False
    """Also a W&B run for each trial, grouped under the search's."""
    run: str | None = None
    """The run directory (default: runs/<time>-<space>-<strategy>)."""
    resume: bool = False
    """Go on with the run in --run, under the configuration in its run.json."""
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""


PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"strategy": "ppo", "recipe": "nasnet_proxy"},
    "quick": {"strategy": "ppo", "recipe": "quick"},
}
"""What --preset sets: explicit flags win."""

WHERE_IT_RUNS = frozenset(
    {
        "data_dir",
        "download",
        "workers",
        "gpus_per_worker",
        "ray_address",
        "device",
        "trial_timeout",
        "wandb",
        "wandb_trials",
        "run",
        "resume",
        "json",
    }
)
"""Fields that say where a run goes on and who watches, not what it is: a resumed run may change them."""


@dataclass(frozen=True)
class Form:
    """The form a MODEL is asked to take; what is None stays as published, or as found."""

    stack: str | None = None
    """N@P: N normal cells a stack, P channels before the classifier."""
    cells: int | None = None
    """N, normal cells a stack."""
    filters: int | None = None
    """F, filters of the first stack."""
    classes: int | None = None
    """Number of classes (else as published: 10, or 1000 on the ImageNet skeleton)."""
    image_size: int | None = None
    """Side in pixels (else as published: 32, or 224 on the ImageNet skeleton)."""
    skeleton: Literal["cifar", "imagenet"] | None = None
    """Of a cell network (else cifar up to 64 pixels, imagenet above)."""
    aux_head: bool = False
    """With the auxiliary head at its published place."""


@dataclass(frozen=True)
class Trainings:
    """What `train` and `compare` share: a data set, a recipe, seeds, and where to run."""

    dataset: str = "cifar10"
    """digits, cifar10, cifar100, mnist, fashion-mnist, imagenet, folder:PATH, or my_package.my_module:MyDataset."""
    data_dir: str | None = None
    """Where data sets lie (else $NASBENCH_DATA, else the user cache)."""
    download: bool = False
    """Fetch the data set if it is missing."""
    image_size: int | None = None
    """Side in pixels at which images are seen (else the data set's own)."""
    recipe: str = "cifar_fast"
    """A training recipe by name (see: nasbench list recipes), or my_package.my_module:MY_RECIPE."""
    epochs: int | None = None
    """Epochs (else the recipe's)."""
    cells: int | None = None
    """N, normal cells a stack, of cell networks (else as found or published)."""
    filters: int | None = None
    """F, filters of the first stack, of cell networks (else as found or published)."""
    seeds: int = 1
    """This many trainings of each model, under seeds S, S+1, ..."""
    seed: int = 0
    """S, the first seed."""
    workers: int = 0
    """0: in this process; K: K Ray workers."""
    gpus_per_worker: float = 0.0
    """GPUs a Ray worker holds; fractions share one."""
    ray_address: str | None = None
    """A running Ray cluster (else Ray is started on this machine)."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where networks are trained."""
    trial_timeout: float | None = None
    """Seconds after which a training is stopped; it goes on from its last epoch when the command is run again."""
    wandb: Literal["auto", "online", "offline", "off"] = "auto"
    """auto: online where a key is set up, else offline."""
    trained_dir: str = "runs/trained"
    """Where finished trainings lie; one that is there is not run twice."""
    run: str | None = None
    """The run directory (default: runs/<time>-<command>)."""
    resume: bool = False
    """Go on with the run in --run."""
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""


@dataclass(frozen=True)
class TrainConfig(Trainings):
    """Trains one model under a recipe, over one or more seeds; a training that is finished is not run twice.

    Example: nasbench train zoo:resnet20 --dataset cifar10 --recipe cifar_fast
    """

    model: str = ""
    """zoo:NAME, space:SPACE:PUBLISHED, an architecture.json, or a run directory (its best)."""
    aux_head: bool = False
    """With the auxiliary head at its published place (cell networks)."""
    pretrained: bool = False
    """Start from published weights (fetched, checked by hash)."""


@dataclass(frozen=True)
class CompareConfig(Trainings):
    """Compares models under one recipe and several seeds: a table, charts, a verdict.

    Example: nasbench compare RUN zoo:resnet20 zoo:mobilenet_v2 --controls 3 --dataset cifar10 --seeds 5
    """

    models: tuple[str, ...] = ()
    """Two models or more: zoo:NAME, space:SPACE:PUBLISHED, an architecture.json, or a run directory (its best)."""
    controls: int = 0
    """This many random cells of the same space and size as the found one."""
    ensemble: bool = False
    """Add the averaged prediction of the compared models as a row."""
