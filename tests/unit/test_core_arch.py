"""The operators over a space's geometry."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.core.arch import Architecture, Choice, Range, check, encode, mutate, neighbours, sample
from nasbench.core.errors import UsageError

CHOICES = (Choice("op", ("conv", "pool", "none")), Choice("kernel", (3, 5)), Range("scale", 0.5, 2.0))


@given(st.integers(0, 2**32))
def test_samples_and_mutants_are_points_of_the_space(seed: int) -> None:
    rng = Random(seed)
    point = sample("toy", CHOICES, rng)
    mutant = mutate(point, CHOICES, rng)
    check(point, CHOICES)
    check(mutant, CHOICES)
    assert sum(point.genes[name] != mutant.genes[name] for name in point.genes) == 1


def test_neighbours_differ_in_one_categorical_decision() -> None:
    point = sample("toy", CHOICES, Random(0))
    around = list(neighbours(point, CHOICES))
    assert len(around) == len(set(around)) == (3 - 1) + (2 - 1)
    assert all(sum(point.genes[n] != other.genes[n] for n in point.genes) == 1 for other in around)


def test_encoding_is_one_hot_and_scaled() -> None:
    point = Architecture.of("toy", {"op": "pool", "kernel": 5, "scale": 1.25})
    assert encode(point, CHOICES) == [0, 1, 0, 0, 1, 0.5]


def test_json_goes_both_ways_and_keeps_the_key() -> None:
    point = sample("toy", CHOICES, Random(3))
    again = Architecture.from_json(json.loads(json.dumps(point.to_json())))
    assert again == point
    assert again.key == point.key
    shuffled = Architecture(point.space, tuple(reversed(point.items)))
    assert shuffled.key == point.key, "the order of the genes is no part of the key"
    assert Architecture(point.space + "2", point.items).key != point.key


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        ({"op": "conv", "kernel": 3}, "missing decisions"),
        ({"op": "conv", "kernel": 3, "scale": 1.0, "extra": 1}, "unknown decisions"),
        ({"op": "conv", "kernel": 7, "scale": 1.0}, "no option 7"),
        ({"op": "conv", "kernel": 3, "scale": 9.0}, "must lie in"),
    ],
)
def test_a_point_outside_the_space_is_named(genes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check(Architecture.of("toy", genes), CHOICES)  # type: ignore[arg-type]


def test_a_space_without_alternatives_cannot_be_mutated() -> None:
    with pytest.raises(UsageError, match="nothing to mutate"):
        mutate(Architecture.of("toy", {"op": "a"}), (Choice("op", ("a",)),), Random(0))
