"""Finding parts by name: a decorator in the repo, an import path on the command line, or the entry-point group
`nasbench.plugins`; and making them, each with what its signature names.

Built-in parts are described here and imported when asked for, never before, so that a listing imports nothing heavy.
"""

import importlib
import importlib.metadata
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from nasbench.core.errors import UsageError, unknown
from nasbench.core.options import call_with_options

PLUGIN_GROUP = "nasbench.plugins"

T = TypeVar("T")


class Registry:
    """Parts of one kind. `built_in`: name -> (the module whose import registers it, one line on it).

    `flag` is where a user names a part: a flag such as --space, or words such as "a recipe's loss". `members` are what
    a part that was made must have, and `protocol` is where they are described.
    """

    def __init__(
        self,
        kind: str,
        flag: str,
        built_in: Mapping[str, tuple[str, str]],
        members: Sequence[str] = (),
        protocol: str = "",
    ) -> None:
        self.kind, self.flag = kind, flag
        self._members, self._protocol = members, protocol
        self._built_in = dict(built_in)
        self._parts: dict[str, Any] = {}
        self._origins: dict[str, str] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: `@spaces.register('my_space')`; for an object, `recipes.register('mine')(Recipe(...))`.

        Two different parts under one name are an error.
        """
        module = str(sys._getframe(1).f_globals["__name__"])  # an object does not know the module it was made in

        def keep(part: T) -> T:
            origin = f"{module}:{getattr(part, '__qualname__', name)}"
            known = self._origins.get(name) or self._built_in.get(name, ("", ""))[0]
            if known and origin != known and not origin.startswith(known + ":"):
                raise UsageError(f"two parts register as {self.kind} {name!r}: {known} and {origin}. Rename one.")
            self._parts[name], self._origins[name] = part, origin
            return part

        return keep

    def get(self, name: str) -> Any:
        """The part with that name, or at that import path ('package.module:attribute')."""
        if ":" in name:
            return self._import_path(name)
        if name not in self._parts and name in self._built_in:
            importlib.import_module(self._built_in[name][0])
        if name not in self._parts:
            load_plugins()
        if name not in self._parts:
            raise unknown(self.kind, name, self.names(), self.hint())
        return self._parts[name]

    def make(
        self,
        name: str,
        *given: Any,
        options: Mapping[str, Any] | None = None,
        offered: Mapping[str, Any] | None = None,
        **fixed: Any,
    ) -> Any:
        """The part with that name, made: a class or function is called with `given`, with what it names of what is
        `offered`, and with `options`; an object is taken as it is.

        What is `fixed` goes also to a part that takes any keyword.

        UsageError for an option that the part does not take, for a required parameter that nobody offers, and for what
        lacks a member of its kind.
        """
        made = self.get(name)
        if isinstance(made, type) or inspect.isroutine(made) or not self._members:
            made = call_with_options(made, f"{self.kind} {name!r}", options, *given, offered=offered, **fixed)
        missing = [member for member in self._members if getattr(made, member, None) is None]
        if missing:
            raise UsageError(
                f"{name!r} is no {self.kind}: {type(made).__name__} lacks {', '.join(missing)} (see {self._protocol})"
            )
        return made

    def is_built_in(self, name: str) -> bool:
        """Whether the part with that name comes with nasbench."""
        return name in self._built_in

    def names(self) -> list[str]:
        """All names, plug-ins included."""
        load_plugins()
        return sorted(set(self._built_in) | set(self._parts))

    def describe(self, name: str) -> str:
        """One line on the part: for a plug-in's, the first line of its docstring."""
        if name in self._built_in:
            return self._built_in[name][1]
        lines = str(getattr(self.get(name), "__doc__", "") or "").strip().splitlines()
        return lines[0] if lines else ""

    def hint(self) -> str:
        """The sentence of an error that says how a part of the user's own is named."""
        if self.flag.startswith("-"):
            return f"Your own: {self.own()}"
        return f"Your own, as {self.flag}: my_package.my_module:{self._example()}"

    def own(self) -> str:
        """How a part of the user's own is named on the command line."""
        return f"{self.flag} my_package.my_module:{self._example()}"

    def _example(self) -> str:
        own = {"recipe": "MY_RECIPE", "objective": "my_objective", "model": "MyNet"}
        return own.get(self.kind, "My" + self.kind.title().replace(" ", ""))

    def _import_path(self, path: str) -> Any:
        module_name, _, attribute = path.partition(":")
        names = f"a name ({', '.join(self.names())}) or " if self.names() else ""
        form = f"{self.flag[0].upper() + self.flag[1:]} takes {names}package.module:{self._example()}"
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            raise UsageError(f"cannot import {module_name!r} for the {self.kind} {path!r}: {error}. {form}") from error
        if not hasattr(module, attribute):
            raise unknown(
                f"{self.kind} in module {module_name}",
                attribute,
                [n for n in vars(module) if not n.startswith("_")],
                form,
            )
        return getattr(module, attribute)


_loaded_plugins: dict[str, None] = {}


def load_plugins() -> None:
    """Imports what installed packages put in the entry-point group `nasbench.plugins`; importing it registers its
    parts.
    """
    for point in importlib.metadata.entry_points(group=PLUGIN_GROUP):
        if point.value not in _loaded_plugins:
            _loaded_plugins[point.value] = None
            try:
                point.load()
            except Exception as error:  # a plug-in is somebody else's code: name it, whatever it raised
                raise UsageError(
                    f"plug-in {point.name!r} ({point.value}) failed to load: {error}. Mend or uninstall it."
                ) from error


spaces = Registry(
    "space",
    "--space",
    {
        "nasnet": (
            "search_spaces.nasnet.space",
            "two cells of five blocks, 13 operations, add or concatenate (Zoph et al. 2018)",
        ),
        "mbconv": (
            "search_spaces.mbconv.space",
            "seven stages of mobile blocks; holds MnasNet-A1, B1 and EfficientNet-B0 (Tan et al. 2019)",
        ),
        "nasbench201": (
            "search_spaces.nasbench201.space",
            "a cell of 6 edges, 5 operations, 15,625 cells (Dong and Yang 2020)",
        ),
    },
    ("name", "choices", "default_size", "canonical", "build"),
    "nasbench.core.protocols.SearchSpace",
)
strategies = Registry(
    "strategy",
    "--strategy",
    {
        "ppo": (
            "nasbench.strategies.controller.ppo",
            "LSTM controller trained by proximal policy optimisation, as NASNet's",
        ),
        "reinforce": (
            "nasbench.strategies.controller.reinforce",
            "LSTM controller trained by REINFORCE (Zoph and Le 2017)",
        ),
        "random": ("nasbench.strategies.random", "every decision drawn uniformly: the control"),
        "evolution": (
            "nasbench.strategies.evolution",
            "regularised evolution: the oldest dies, however good (Real et al. 2019)",
        ),
        "local_search": (
            "nasbench.strategies.local_search",
            "to a better neighbour while there is one (White et al. 2021)",
        ),
        "predictor": (
            "nasbench.strategies.predictor.strategy",
            "Gaussian processes on the encoding, the most promising next (White et al. 2021)",
        ),
        "tpe": (
            "nasbench.strategies.optuna_sampler",
            "multivariate tree-structured Parzen estimator, by Optuna (Bergstra et al. 2011)",
        ),
        "nsga2": (
            "nasbench.strategies.optuna_sampler",
            "evolution towards a Pareto front, by Optuna (Deb et al. 2002)",
        ),
        "asha": ("nasbench.strategies.asha", "more epochs for the best of each rung, without waiting (Li et al. 2020)"),
    },
    ("ask", "tell"),
    "nasbench.core.protocols.Strategy",
)
evaluators = Registry(
    "evaluator",
    "--evaluator",
    {
        "train": (
            "nasbench.evaluators.training",
            "trains the child under the recipe and scores it on the validation split",
        ),
        "table": ("nasbench.evaluators.table", "looks the child up in a table of known results (table:FILE)"),
    },
    ("__call__", "check", "task"),
    "nasbench.core.protocols.Evaluator",
)
datasets = Registry(
    "data set",
    "--dataset",
    {
        "digits": (
            "nasbench.train.datasets",
            "1,797 real scans of digits that come with scikit-learn: nothing to download",
        ),
        "cifar10": ("nasbench.train.datasets", "60,000 colour images of 10 classes, 32 px (Krizhevsky 2009)"),
        "cifar100": ("nasbench.train.datasets", "60,000 colour images of 100 classes, 32 px (Krizhevsky 2009)"),
        "mnist": ("nasbench.train.datasets", "70,000 handwritten digits, 28 px (LeCun et al. 1998)"),
        "fashion-mnist": ("nasbench.train.datasets", "70,000 articles of clothing, 28 px (Xiao et al. 2017)"),
        "imagenet": ("nasbench.train.folders", "ILSVRC in folders: train/<wnid>, val/<wnid>"),
        "folder": ("nasbench.train.folders", "folder:PATH with train/<class> and val/<class>"),
    },
)
recipes = Registry(
    "recipe",
    "--recipe",
    {
        "nasnet_proxy": ("nasbench.train.recipes", "20 epochs, cosine, N=2, F=32: the proxy task of the NASNet search"),
        "resnet_cifar": (
            "nasbench.train.whole_recipes",
            "182 epochs, steps at a half and three quarters (He et al. 2016)",
        ),
        "wrn_cifar": (
            "nasbench.train.whole_recipes",
            "200 epochs, steps of a fifth, Nesterov (Zagoruyko and Komodakis 2016)",
        ),
        "nasnet_cifar": (
            "nasbench.train.whole_recipes",
            "600 epochs, cosine, ScheduledDropPath, auxiliary head (Zoph et al. 2018)",
        ),
        "cifar_fast": (
            "nasbench.train.whole_recipes",
            "15 epochs, one cycle, smoothing, averaged weights: for ranking",
        ),
        "amoebanet_cifar": (
            "nasbench.train.searched_recipes",
            "600 epochs, cosine, ScheduledDropPath to 0.7 (Real et al. 2019)",
        ),
        "nasnet_mobile": (
            "nasbench.train.searched_recipes",
            "ImageNet: RMSProp, 0.97 every 2.4 epochs, batch 1,600 (Zoph et al. 2018)",
        ),
        "nasnet_large": (
            "nasbench.train.searched_recipes",
            "the same with ScheduledDropPath, for 331 px (Zoph et al. 2018)",
        ),
        "efficientnet": (
            "nasbench.train.searched_recipes",
            "ImageNet: RMSProp, AutoAugment, batch 2,048 (Tan and Le 2019)",
        ),
        "imagenet": ("nasbench.train.whole_recipes", "90 epochs, steps every 30 (He et al. 2016)"),
        "photo_fast": (
            "nasbench.train.whole_recipes",
            "30 epochs, one cycle, crops, averaged weights: photographs in folders",
        ),
        "quick": ("nasbench.train.recipes", "small children on part of the images: a look at the whole path"),
    },
)
executors = Registry(
    "executor",
    "--executor",
    {
        "local": ("nasbench.executors.local", "one evaluation after another in this process"),
        "ray": ("nasbench.executors.ray_tune", "Ray workers on this machine or on a cluster"),
        "processes": ("nasbench.executors.processes", "processes on this machine, without Ray"),
    },
    ("run", "describe", "close"),
    "nasbench.core.loop.Executor",
)
trackers = Registry(
    "tracker",
    "--track",
    {
        "console": ("nasbench.trackers.console", "progress on the terminal"),
        "wandb": ("nasbench.trackers.wandb", "Weights & Biases, online or offline"),
    },
    ("start", "trial", "finish"),
    "nasbench.core.protocols.Tracker",
)
pruners = Registry(
    "pruner",
    "--pruner",
    {"median": ("nasbench.strategies.median", "stops a child below the median of the others (Golovin et al. 2017)")},
    ("should_stop",),
    "nasbench.core.protocols.Pruner",
)
models = Registry("model", "MODEL", {})
objectives = Registry("objective", "--objectives", {})
losses = Registry(
    "loss",
    "a recipe's loss",
    {"cross_entropy": ("nasbench.train.losses", "cross-entropy, with the recipe's label smoothing")},
)
optimizers = Registry(
    "optimizer",
    "a recipe's optimizer",
    {
        "sgd": (
            "nasbench.train.optimizers.built_in",
            "gradient descent with momentum, Nesterov's if the recipe says so",
        ),
        "rmsprop": ("nasbench.train.optimizers.built_in", "RMSProp as TensorFlow defines it, epsilon inside the root"),
        "adamw": (
            "nasbench.train.optimizers.built_in",
            "Adam with decoupled weight decay (Loshchilov and Hutter 2019)",
        ),
    },
)
schedules = Registry(
    "schedule",
    "a recipe's lr_schedule",
    {
        "cosine": ("nasbench.train.schedules", "half a cosine from the peak to lr_final (Loshchilov and Hutter 2017)"),
        "one_cycle": (
            "nasbench.train.schedules",
            "a rise from a 25th of the peak, then a cosine (Smith and Topin 2019)",
        ),
        "steps": ("nasbench.train.schedules", "multiplied by lr_gamma at each of lr_milestones (He et al. 2016)"),
        "exponential": ("nasbench.train.schedules", "multiplied by lr_gamma every lr_decay_epochs (Tan and Le 2019)"),
        "constant": ("nasbench.train.schedules", "the peak all the way"),
    },
)
