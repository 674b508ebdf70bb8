"""What all records of a configuration share: ranges beside their fields, one check, and a flat form.

A command's configuration is composed of small frozen records (what data, which recipe, where it runs, ...). On the
command line, in run.json and as keywords from Python it is flat: a name for each field, whatever record holds it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any, Self

from nasbench.core.errors import UsageError, together, unknown
from nasbench.core.options import written_options
from nasbench.core.typed import LARGEST, fits, shown
from nasbench.engine.config.names import check_name, evaluators_of
from nasbench.engine.config.typed import as_typed


def number(
    default: Any,
    low: float | None = None,
    above: float | None = None,
    takes: str = "",
    free: bool = False,
    grows: bool = False,
    words: tuple[str, ...] = (),
) -> Any:
    """A field that holds a finite number (or several), or None. `low` is the smallest, `above` what it must exceed.

    `takes` says in words what is expected. `free`: a resumed run may change it; `grows`: it may raise it. `words` are
    taken besides numbers.
    """
    bounds = {"low": low, "above": above, "takes": takes, "words": words}
    return field(default=default, metadata={**bounds, "number": True, "free": free or grows, "grows": grows})


def free(default: Any, kept: bool = False) -> Any:
    """A field that says where a run goes on and who watches, not what it is: a resumed run may change it. `kept`: from
    then on it has what the resumed run was given.
    """
    return field(default=default, metadata={"free": True, "kept": kept})


def anew(default: Any) -> Any:
    """A field that each command says anew: it never goes into run.json, and is never read from there."""
    return field(default=default, metadata={"free": True, "anew": True})


def part(default: Any, kind: str, free: bool = False, lies: bool = False, several: bool = False) -> Any:
    """A field that names a part of that kind, or a tuple of them. `lies`: as of `lying`. `several`: an
    evaluator, or several divided by commas.
    """
    return field(default=default, metadata={"part": kind, "free": free, "lies": lies, "several": several})


def lying(default: Any) -> Any:
    """A field that may say where a table or a supernet lies (table:FILE, supernet:RUN). Those may be moved: a resumed
    run may name another place from then on, and the identity of the run holds what lies there to its content.
    """
    return field(default=default, metadata={"lies": True})


def counted(default: str | None = None) -> Any:
    """A field that holds a count as people write it, such as 400M; from Python a number will do."""
    return field(default=default, metadata={"count": True})


def options() -> Any:
    """A field that holds a part's own settings as KEY=VALUE; from Python a mapping will do."""
    return field(default=(), metadata={"options": True})


def labels_of(given: Sequence[str], flag: str, takes: str, then: str = "") -> list[str]:
    """The labels of a flag that takes several, divided by commas. UsageError for none, an empty one, one given twice.

    `takes` says what is expected, `then` what else may be done about a label that is given twice.
    """
    labels = [label.strip() for item in given for label in item.split(",")]
    if not labels or "" in labels:
        raise UsageError(f"{flag} takes {takes}; got {','.join(given)!r}")
    for index, label in enumerate(labels):
        if label in labels[:index]:
            raise UsageError(f"{flag} names {label!r} twice; name each once{then}")
    return labels


LIES = ("table", "supernet")
"""What lies at a place, by which a field names it: KIND:PLACE."""


@dataclass(frozen=True)
class Record:
    """A part of a configuration, or a whole one."""

    @classmethod
    def of(cls, **values: Any) -> Self:
        """A configuration from its flat form; what is not given has its default. UsageError for an unknown name."""
        return cls().changed(**values)

    def changed(self, **values: Any) -> Self:
        """This configuration with other values, by their flat names."""
        for name in values:
            if name not in self.flat():
                raise unknown("option", name, self.flat())
        return self._changed(values)

    def flat(self) -> dict[str, Any]:
        """Name -> value of every field, those of the records inside included."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            found.update(value.flat() if isinstance(value, Record) else {each.name: value})
        return found

    def fixed(self) -> dict[str, Any]:
        """The flat form of what a resumed run must not change."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Record):
                found.update(value.fixed())
            elif not each.metadata.get("free"):
                found[each.name] = without_place(value) if each.metadata.get("lies") else value
        return found

    def recorded(self) -> dict[str, Any]:
        """The flat form of what goes into run.json, and comes from there."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Record):
                found.update(value.recorded())
            elif not each.metadata.get("anew"):
                found[each.name] = value
        return found

    def growing(self) -> dict[str, Any]:
        """The flat form of what a resumed run may raise, and not lower."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Record):
                found.update(value.growing())
            elif each.metadata.get("grows"):
                found[each.name] = value
        return found

    def kept(self) -> dict[str, Any]:
        """The flat form of what a resumed run may change for good."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Record):
                found.update(value.kept())
            elif each.metadata.get("kept") or each.metadata.get("lies"):
                found[each.name] = value
        return found

    def check(self) -> None:
        """UsageError for numbers out of range and names that are none, in this record and in those inside, all at once.
        Records extend it by their own.
        """
        checks: list[Callable[[], object]] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Record):  # a record with a flag --check has a number of that name
                checks.append(value.check if callable(value.check) else partial(Record.check, value))
            elif each.metadata.get("number"):
                check = partial(_check, bounds=each.metadata, whole="int" in str(each.type))
                numbers = value if isinstance(value, tuple) else (value,)
                checks += [partial(check, flag(each.name), one) for one in numbers]
            elif each.metadata.get("part"):
                names = evaluators_of(value) if each.metadata.get("several") else value
                checks.append(partial(check_name, each.metadata["part"], names, flag(each.name)))
        together(checks)

    def _changed(self, values: Mapping[str, Any]) -> Self:
        changes: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Record):
                changes[each.name] = value._changed(values)
            elif each.name in values:
                given = values[each.name]
                if each.metadata.get("count") and isinstance(given, int | float) and not isinstance(given, bool):
                    given = str(given)
                if each.metadata.get("options") and isinstance(given, Mapping):
                    given = written_options(given, flag(each.name))
                changes[each.name] = as_typed(flag(each.name), each.type, given)
        return replace(self, **changes)


def without_place(value: str | None) -> str | None:
    """What is named, without where it lies: of table:results/a.csv#score=8, table:#score=8."""
    kind = "" if value is None else value.partition(":")[0]
    return f"{kind}:{''.join(value.partition('#')[1:])}" if value is not None and kind in LIES else value


def flag(name: str) -> str:
    """The flag of a field. A field whose name Python keeps for itself ends with an underscore: return_."""
    return "--" + name.removesuffix("_").replace("_", "-")


def _check(name: str, value: Any, bounds: Mapping[str, Any], whole: bool) -> None:
    low, above, takes = bounds["low"], bounds["above"], bounds["takes"]
    if value is None or value in bounds["words"]:
        return
    right = fits(value, int if whole else float)
    if not right or (low is not None and value < low) or (above is not None and value <= above):
        kind = "a whole number" if whole else "a number"
        limit = f" from {low:g} on" if low is not None else f" above {above:g}" if above is not None else ""
        too_large = isinstance(value, int | float) and abs(value) > LARGEST
        most = f", {LARGEST:,} at most" if too_large else ""
        raise UsageError(f"{name} takes {takes or kind + limit}{most}; got {shown(value)}")
