"""Finding parts by name: a decorator in the repo, an import path on the command line, or the entry-point group
`nasbench.plugins`; and making them, each with what its signature names.

Built-in parts are described here and imported when asked for, never before, so that a listing imports nothing heavy.
"""

import importlib
import importlib.metadata
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from nasbench.core import built_in
from nasbench.core.answers import check_space
from nasbench.core.blame import blame, where_raised
from nasbench.core.errors import UsageError, unknown
from nasbench.core.importing import imported
from nasbench.core.options import TooFewParameters, call_with_options
from nasbench.core.shown import sentence, text_of
from nasbench.core.stop_signals import from_outside

PLUGIN_GROUP = "nasbench.plugins"

T = TypeVar("T")


class Registry:
    """Parts of one kind. `built_in`: name -> (the module whose import registers it, one line on it).

    `flag` is where a user names a part: a flag such as --space, or words such as "a recipe's loss". `members` are what
    a part that was made must have, and `protocol` is where they are described. `check` looks at what a part that is not
    built in says of itself: it is called with how messages name the part, and the part. `call`: the arguments
    with which a part is made, where it gets some by position. `families`: FAMILY -> where the function lies,
    module:function, that gives the part named FAMILY:NAME, a part of another library, by its NAME. `prefixes` are what
    may stand before a colon that is no import path: table:FILE.
    """

    def __init__(
        self,
        kind: str,
        flag: str,
        built_in: Mapping[str, tuple[str, str]],
        members: Sequence[str] = (),
        protocol: str = "",
        check: Callable[[str, Any], None] | None = None,
        call: str = "",
        families: Mapping[str, str] | None = None,
        prefixes: Sequence[str] = (),
    ) -> None:
        self.kind, self.flag, self.prefixes = kind, flag, tuple(prefixes)
        self._members, self._protocol, self._check, self._call = members, protocol, check, call
        self._built_in = dict(built_in)
        self.families = dict(families or {})
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

    def get(self, name: str, flag: str | None = None) -> Any:
        """The part with that name, or at that import path ('package.module:attribute').

        `flag` is where the user named it, if not by this registry's own flag: messages say it.
        """
        family, colon, named = name.partition(":")
        if colon and family in self.families:
            return imported(self.families[family], self.kind, "")(named)
        if "=" in named and family in self.names():
            raise self._settings_in_a_name(family, named, flag or self.flag)
        if colon:
            return self._import_path(name, flag or self.flag)
        if name not in self._parts and name in self._built_in:
            importlib.import_module(self._built_in[name][0])
        if name not in self._parts:
            load_plugins()
        if name not in self._parts:
            raise unknown(self.kind, name, self.names(), self.hint(flag))
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
            if isinstance(made, type) and not _may_have_more(made):
                self._check_members(name, made, made.__name__)
            try:
                with blame(f"the {self.kind} {name!r}", "its making", UsageError, "Mend it there."):
                    made = call_with_options(made, f"{self.kind} {name!r}", options, *given, offered=offered, **fixed)
            except TooFewParameters as error:
                if not self._call:
                    raise
                called = getattr(made, "__name__", name)
                raise UsageError(
                    f"{error}: a {self.kind} is made as {called}({self._call}), see {self._protocol}"
                ) from error
        self._check_members(name, made, type(made).__name__)
        if self._check is not None and not self.is_built_in(name):
            who = f"the {self.kind} {name!r}"
            with blame(who, "what it says of itself", UsageError, "Mend it there."):
                self._check(who, made)
        return made

    def _check_members(self, name: str, part: object, owner: str) -> None:
        missing = [member for member in self._members if getattr(part, member, None) is None]
        if missing:
            called = (
                f". A {self.kind} is made as {owner}({self._call})" if self._call and isinstance(part, type) else ""
            )
            raise UsageError(
                f"{name!r} is no {self.kind}: {owner} lacks {', '.join(missing)} (see {self._protocol}){called}"
            )

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

    def hint(self, flag: str | None = None) -> str:
        """The sentence of an error that says how a part of the user's own is named, by `flag` or else by its own."""
        named = flag or self.flag
        if named.startswith("-"):
            return f"Your own: {self.own(named)}"
        return f"Your own, as {named}: my_package.my_module:{self._example()}"

    def own(self, flag: str | None = None) -> str:
        """How a part of the user's own is named on the command line."""
        kind = "proxy:" if self.kind == "proxy" else ""
        return f"{flag or self.flag} {kind}my_package.my_module:{self._example()}"

    def _example(self) -> str:
        own = {"recipe": "MY_RECIPE", "objective": "my_objective", "model": "MyNet", "proxy": "my_score"}
        return own.get(self.kind, "My" + self.kind.title().replace(" ", ""))

    def _settings_in_a_name(self, name: str, settings: str, flag: str) -> UsageError:
        """The error for 'ppo:draws=4', as a race has it and no other command."""
        told = f"{flag} takes the name of a {self.kind} without its settings; got {f'{name}:{settings}'!r}"
        if self.kind not in WITH_SETTINGS:
            return UsageError(f"{told}. No command sets those of a {self.kind}: give {flag} {name}")
        apart = " ".join(settings.split(":"))
        return UsageError(f"{told}. Give them apart, where the command takes any: {flag} {name} {flag}-options {apart}")

    def _import_path(self, path: str, flag: str) -> Any:
        names = f"a name ({', '.join(self.names())}) or " if self.names() else ""
        form = f"{flag[0].upper() + flag[1:]} takes {names}package.module:{self._example()}"
        return imported(path, self.kind, form, self.prefixes)


WITH_SETTINGS = ("space", "strategy", "sampler", "reward")
"""Kinds of parts whose settings commands take, by a flag of their own."""


def _may_have_more(kind: type) -> bool:
    """Whether objects of a class may have members that the class lacks."""
    own = any("__init__" in vars(each) or "__new__" in vars(each) for each in kind.__mro__ if each is not object)
    return own or hasattr(kind, "__getattr__") or type(kind) is not type


_loaded_plugins: dict[str, None] = {}


@lru_cache(maxsize=1)
def _plugins(_path: tuple[tuple[str, int], ...]) -> tuple[importlib.metadata.EntryPoint, ...]:
    """The entry points of the group, read again only where the path or a folder on it has changed."""
    return tuple(importlib.metadata.entry_points(group=PLUGIN_GROUP))


def _changed(entry: str) -> int:
    """When a folder of the path changed, in nanoseconds; 0 for what is no folder."""
    try:
        return os.stat(entry or ".").st_mtime_ns
    except OSError:
        return 0


def load_plugins() -> None:
    """Imports what installed packages put in the entry-point group `nasbench.plugins`; importing it registers its
    parts.
    """
    for point in _plugins(tuple((entry, _changed(entry)) for entry in sys.path)):
        if point.value not in _loaded_plugins:
            _loaded_plugins[point.value] = None
            try:
                point.load()
            except BaseException as error:  # a plug-in is somebody else's code: name it, whatever it raised
                if from_outside(error):
                    raise
                raise UsageError(
                    f"plug-in {point.name!r} ({point.value}) failed to load: "
                    f"{sentence(f'{text_of(error)}{where_raised(error)}')} Mend or uninstall it."
                ) from error


spaces = Registry(
    "space",
    "--space",
    built_in.SPACES,
    ("name", "choices", "default_size", "canonical", "build"),
    "nasbench.core.protocols.SearchSpace",
    check_space,
)
strategies = Registry(
    "strategy",
    "--strategy",
    built_in.STRATEGIES,
    ("ask", "tell"),
    "nasbench.core.protocols.Strategy",
    call="space, ...",
    families=built_in.STRATEGY_FAMILIES,
)
evaluators = Registry(
    "evaluator",
    "--evaluator",
    built_in.EVALUATORS,
    ("__call__", "check", "task"),
    "nasbench.core.protocols.Evaluator",
    prefixes=("table", "proxy", "supernet"),
)
datasets = Registry(
    "data set",
    "--dataset",
    built_in.DATASETS,
    prefixes=("folder", "shards"),
)
recipes = Registry(
    "recipe",
    "--recipe",
    built_in.RECIPES,
)
executors = Registry(
    "executor",
    "--executor",
    built_in.EXECUTORS,
    ("run", "describe", "close"),
    "nasbench.core.loop.Executor",
)
trackers = Registry(
    "tracker",
    "--track",
    built_in.TRACKERS,
    ("start", "trial", "finish"),
    "nasbench.core.protocols.Tracker",
)
pruners = Registry(
    "pruner",
    "--pruner",
    built_in.PRUNERS,
    ("should_stop",),
    "nasbench.core.protocols.Pruner",
)
proxies = Registry(
    "proxy",
    "--evaluator",
    built_in.PROXIES,
)
models = Registry("model", "MODEL", {}, prefixes=("zoo", "space"))
objectives = Registry("objective", "--objectives", {})
losses = Registry(
    "loss",
    "a recipe's loss",
    built_in.LOSSES,
)
optimizers = Registry(
    "optimizer",
    "a recipe's optimizer",
    built_in.OPTIMIZERS,
)
schedules = Registry(
    "schedule",
    "a recipe's lr_schedule",
    built_in.SCHEDULES,
)
samplers = Registry(
    "sampler",
    "--sampler",
    built_in.SAMPLERS,
    ("paths",),
    "nasbench.core.protocols.PathSampler",
    call="space, ...",
)
laws = Registry("law", "--law", built_in.LAWS)
rewards = Registry(
    "reward",
    "--reward",
    built_in.REWARDS,
    ("__call__",),
    "nasbench.core.protocols.Reward",
)
