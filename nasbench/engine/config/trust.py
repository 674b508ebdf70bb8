"""Whom a command trusts, and what a configuration names by an import path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from os.path import lexists
from typing import Any

from nasbench.core.objectives import parse_objectives
from nasbench.core.registry import strategies
from nasbench.core.spec import named_space
from nasbench.core.trust import Named
from nasbench.core.typed import shown
from nasbench.engine.config.names import REGISTRIES, WITH_ARGUMENT
from nasbench.engine.config.record import Record, anew, flag

MODELS = ("model", "models", "base")
"""Fields that hold MODELs."""


@dataclass(frozen=True)
class Trusting(Record):
    """Whom it trusts."""

    trust: bool = anew(False)
    """Import what a file of a MODEL or of a run names by an import path, which runs its code (see docs/trust.md)."""


@dataclass(frozen=True)
class ModelTrust(Trusting):
    """Whom it trusts."""

    space: str | None = anew(None)
    """Of what a MODEL's file names by an import path, import this space alone: my_package.my_module:MySpace."""


def import_paths(config: Record, stored: Mapping[str, Any]) -> list[Named]:
    """What a configuration that was read from a file (`stored`, flat) would import by paths of somebody's own, and the
    cluster and the object store that it would use.
    """
    found = [
        *_parts(config, stored),
        *_models(stored),
        *_objectives(stored),
        *_entrants(stored),
        *_scores(stored),
        *_screens(stored),
        *_clusters(stored),
        *storages(stored),
    ]
    return [each for each in found if ":" in each.path]


def _objectives(stored: Mapping[str, Any]) -> Iterator[Named]:
    for each in parse_objectives(_texts(stored.get("objectives"))):
        if each.source:
            yield Named("an objective by an import path", each.source, f"--objectives {shown(each.source)}")


def _entrants(stored: Mapping[str, Any]) -> Iterator[Named]:
    """Strategies of a race, NAME[:KEY=VALUE...]."""
    for label in (each for text in _texts(stored.get("strategies")) for each in text.split(",")):
        name, *more = label.strip().split(":")
        if more and "=" not in more[0] and name not in strategies.families:
            yield Named("a strategy by an import path", f"{name}:{more[0]}", f"--strategies {shown(label)}")


def _parts(config: Record, stored: Mapping[str, Any]) -> Iterator[Named]:
    for each in fields(config):
        value, kind = getattr(config, each.name), each.metadata.get("part")
        if isinstance(value, Record):
            yield from _parts(value, stored)
        elif kind:
            for name in (name for text in _texts(stored.get(each.name)) for name in text.split(",")):
                if kind == "evaluator":
                    yield from _proxies(name, flag(each.name))
                if name.partition(":")[0] not in (*WITH_ARGUMENT.get(kind, ()), *REGISTRIES[kind].families):
                    yield Named(f"the {kind} by an import path", name, f"{flag(each.name)} {shown(name)}")


def _scores(stored: Mapping[str, Any]) -> Iterator[Named]:
    """Cheap scores of a comparison: proxies and evaluators."""
    for label in (each.strip() for text in _texts(stored.get("scores")) for each in text.split(",")):
        yield from _proxies(label, "--scores")
        if label.partition(":")[0] not in (*WITH_ARGUMENT["evaluator"], "epochs"):
            yield Named("an evaluator by an import path", label, f"--scores {shown(label)}")


def _screens(stored: Mapping[str, Any]) -> Iterator[Named]:
    """proxy:module:function=K."""
    for label in (each.strip() for text in _texts(stored.get("screen")) for each in text.split(",")):
        for named in _proxies(label.rpartition("=")[0], "--screen"):
            yield replace(named, again=f"--screen {shown(label)}")


def _proxies(name: str, again: str) -> Iterator[Named]:
    """proxy:module:function."""
    kind, _, path = name.partition(":")
    if kind == "proxy":
        yield Named("a proxy by an import path", path, f"{again} {shown(name)}")


def _models(stored: Mapping[str, Any]) -> Iterator[Named]:
    for text in (text for name in MODELS for text in _texts(stored.get(name))):
        if text.startswith("space:"):
            yield from named_space(text.rpartition(":")[0])
        elif not text.startswith("zoo:") and not lexists(text):
            yield Named("a network by an import path", text, f"{shown(text)} as a MODEL")


def _clusters(stored: Mapping[str, Any]) -> Iterator[Named]:
    """Whoever answers at a Ray address sends objects that are unpickled."""
    for address in _texts(stored.get("ray_address")):
        yield Named("a Ray cluster", address, f"--ray-address {shown(address)}", "To join it is to run what it sends")


def storages(stored: Mapping[str, Any]) -> Iterator[Named]:
    """Whoever answers there hears requests that are signed with the user's credentials, and says what the run is."""
    for url in _texts(stored.get("storage")):
        why = "To ask it is to show it what your credentials have signed, and to take its files for the run"
        yield Named("an object store", url, f"--storage {shown(url)}", why)


def _texts(value: object) -> list[str]:
    """The texts in a value from a file: itself, or those of a list."""
    listed = value if isinstance(value, list | tuple) else [value]
    return [each for each in listed if isinstance(each, str)]
