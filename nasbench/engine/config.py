"""What a command was asked to do: frozen records, saved in `run.json`, parsed by the command line, built by the Python
API.
"""

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
    """ppo, reinforce, random, evolution, local_search, tpe, nsga2, asha, predictor, or my_package.my_module:MyStrategy.
    """
    strategy_options: tuple[str, ...] = ()
    """The strategy's own settings, as KEY=VALUE: population=50 sample=10, or asha's sampler=tpe."""
    evaluator: str = "train"
    """train, table:FILE, table:nasbench201-cifar10, or my_package.my_module:MyEvaluator."""
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
    time_budget: float | None = None
    """Tables: end before this many seconds of the cost column are spent (--trials holds too)."""
    target_macs: str | None = None
    """Score = accuracy x (MACs/T)^-0.07 with this T, such as 400M."""
    max_params: str | None = None
    """The most parameters a child may have, such as 3M: larger proposals are repaired before they are trained."""
    max_macs: str | None = None
    """The most multiply-adds a child may have, such as 400M."""
    objectives: tuple[str, ...] = ()
    """Metrics whose Pareto front to keep, as val_accuracy,macs; the first is the score (+NAME, -NAME: more, less of it
    is better).
    """
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

SCALE_SEARCH: dict[str, Any] = {"seeds": 3}
"""What nasbench scale --search sets: explicit flags win."""

WHERE_IT_RUNS = frozenset(
    {
        "data_dir",
        "download",
        "workers",
        "gpus_per_worker",
        "ray_address",
        "device",
        "trial_timeout",
        "trained_dir",
        "compile",
        "skip_corrupt",
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


@dataclass(frozen=True)
class RaceConfig:
    """Races strategies, many seeds each, over a table of known results: anytime curves, a table, who wins and how
    surely.

    Example: nasbench race --space nasbench201 --evaluator table:nasbench201-cifar10 --strategies random,reinforce
    --time-budget 12000
    """

    space: str = "nasbench201"
    """A space by name (see: nasbench list spaces), or my_package.my_module:MySpace."""
    evaluator: str = "table:nasbench201-cifar10"
    """table:FILE, or a shipped table: table:nasbench201-cifar10."""
    score_column: str = "val_accuracy"
    """The column that the strategies see (a shipped table's own unless given)."""
    cost_column: str | None = None
    """The column with a look-up's cost in seconds."""
    report_columns: tuple[str, ...] = ()
    """Columns that are only reported, of the architecture with the best score; the last one ranks the strategies."""
    strategies: tuple[str, ...] = ("random", "reinforce", "ppo")
    """NAME[:KEY=VALUE…],…: strategies by name, or my_package.my_module:MyStrategy, with their options."""
    seeds: int = 100
    """Repetitions of each strategy, under seeds S, S+1, ..."""
    seed: int = 0
    """S, the first seed."""
    trials: int | None = None
    """Evaluations a repetition may spend."""
    time_budget: float | None = None
    """Or the seconds of the cost column that it may spend; a query that would end after them does not count."""
    also: tuple[float, ...] = (0.25, 0.5)
    """Shares of the budget to show as well; one above 1 makes the race longer."""
    workers: int = 0
    """0: in this process; K: K processes. The numbers are the same."""
    run: str | None = None
    """The run directory (default: runs/<time>-race)."""
    resume: bool = False
    """Go on with the race in --run, under the configuration in its run.json."""
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""


@dataclass(frozen=True)
class ScaleConfig(Trainings):
    """Scales a model in depth, width and resolution by one number phi, and counts what that costs.

    Example: nasbench scale --phi 3
    """

    phi: float | None = None
    """How far to scale; multiply-adds about double with each whole phi. Fractional and negative too (else 1)."""
    base: str = "efficientnet_b0"
    """What to scale: a zoo network that scales, space:SPACE:PUBLISHED, an architecture.json, or a run directory (its
    best).
    """
    alpha: float | None = None
    """Depth at phi = 1 (else the published 1.2)."""
    beta: float | None = None
    """Width at phi = 1 (else the published 1.1)."""
    gamma: float | None = None
    """Resolution at phi = 1 (else the published 1.15)."""
    coefficients: str | None = None
    """The run directory of a finished nasbench scale --search, whose alpha, beta and gamma to take."""
    dims: Literal["compound", "depth", "width", "resolution"] = "compound"
    """compound: all three; or one alone, which takes the whole growth in multiply-adds."""
    depth: float | None = None
    """Instead of phi: the depth multiplier outright (else 1)."""
    width: float | None = None
    """Instead of phi: the width multiplier outright (else 1)."""
    resolution: float | None = None
    """Instead of phi: the resolution multiplier outright (else 1)."""
    target_macs: str | None = None
    """Instead of phi: the largest model of at most so many multiply-adds, such as 1G."""
    published: str | None = None
    """Instead of phi: a published EfficientNet, b0 to b7, as its table has it."""
    classes: int | None = None
    """Number of classes of base and scaled model (else the base's own)."""
    stack: str | None = None
    """N@P of a base of cells: N normal cells a stack, P channels before the classifier."""
    skeleton: Literal["cifar", "imagenet"] | None = None
    """Of a base of cells (else cifar up to 64 pixels, imagenet above)."""
    train: bool = False
    """Train the scaled model beside its base, under one recipe on the data set."""
    search: bool = False
    """Instead of scaling: search alpha, beta and gamma for this base, data set and recipe, as a search with a run
    directory.
    """
    strategy: Literal["tpe", "grid", "random"] = "tpe"
    """--search: tpe and random on the surface where the product is 2, or the paper's grid in steps of 0.05."""
    tolerance: float = 0.1
    """--search --strategy grid: by how much the product of a point of the grid may differ from 2."""
    trials: int | None = None
    """--search: lines of any status that the search may spend (else 30, or the whole grid)."""
    to_the_end: bool = False
    """--search: train every candidate for all epochs (else, from 3 epochs on, bad ones are stopped early: ASHA)."""
    front_runners: int | None = None
    """--search: so many of the best candidates are trained again under --seeds seeds, beside what they have to beat
    (else 3; 0: none).
    """


@dataclass(frozen=True)
class TransferConfig(Trainings):
    """Builds a found, published or hand-designed network at the size of another data set, and trains it there.

    Example: nasbench transfer RUN --dataset folder:PATH --stack 4@1056 --image-size 224 --aux-head --recipe
    nasnet_mobile
    """

    model: str = ""
    """A run directory (its best), an architecture.json, space:SPACE:PUBLISHED, or zoo:NAME."""
    recipe: str = "photo_fast"
    """A training recipe by name (see: nasbench list recipes), or my_package.my_module:MY_RECIPE."""
    stack: str | None = None
    """N@P: N normal cells a stack, P channels before the classifier."""
    skeleton: Literal["cifar", "imagenet"] | None = None
    """Of a network of cells (else imagenet)."""
    aux_head: bool = False
    """With the auxiliary head at its published place (cell networks)."""
    pretrained: bool = False
    """Start from published weights (fetched, checked by hash); all but the head then learns at a tenth of the rate."""
    weights: str | None = None
    """Start from what fits of the weights in this file or run directory; all but the head then learns at a tenth of the
    rate.
    """
    freeze: str = "none"
    """What stays as it is: none, all-but-head (a linear probe), or stages:K (the first K)."""
    accumulate: int | None = None
    """Compute each batch in so many parts, one after another, which takes less memory (else the recipe's)."""
    compile: bool = False
    """Compile the repeated parts of the network for training: up to some minutes at the start, which long trainings on
    a GPU earn back.
    """
    skip_corrupt: bool = False
    """Go on without image files that cannot be read; they are counted and named."""
    workers: int = 0
    """0: in this process, or in the group that torchrun started (torchrun --nproc-per-node 8 -m -- nasbench transfer
    ...); K: K Ray Train workers, each on its part of every batch."""


@dataclass(frozen=True)
class ExportConfig(Form):
    """Writes a model in forms that need nothing of nasbench, each checked against the network's own outputs.

    Example: nasbench export RUN --formats onnx,safetensors --out shipped
    """

    model: str = ""
    """A run directory (its best), the folder of a training, an architecture.json, space:SPACE:PUBLISHED, or zoo:NAME.
    """
    depth: float | None = None
    """Times the model's own depth, as nasbench scale has it."""
    width: float | None = None
    """Times the model's own width."""
    resolution: float | None = None
    """Times the side in pixels at which the model sees images."""
    formats: tuple[str, ...] = ()
    """Of model.py,safetensors,onnx,torch-export (else all that the model has)."""
    batch: int | None = None
    """A fixed batch size of the onnx and torch-export forms (else any)."""
    out: str | None = None
    """The directory to write (default: export/<model>)."""
    overwrite: bool = False
    """Replace files that are there."""
    seed: int = 0
    """Of the weights, where the model has none."""
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""
