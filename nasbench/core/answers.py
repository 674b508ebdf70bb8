"""What parts of the user's own answer before any work starts: one error for a value of another type, which names the
part as it was given and what was expected.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nasbench.core.arch import Choice, Range
from nasbench.core.blame import blame, part_name
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Evaluator, Measures
from nasbench.core.spec import Size, Task, size_of_record, task_of_record, task_record
from nasbench.core.typed import shown

TASK = "a nasbench.core.spec.Task, such as Task(num_classes=10, image_size=32)"
SIZE = "a nasbench.core.spec.Size, such as Size()"
CHOICES = "a sequence of nasbench.core.arch.Choice or Range, at least one"
NAMES = "a sequence of texts"
IDENTITY = "a mapping of names to JSON values"
MEND = "Mend it there."


def wrong(who: str, part: object, call: str, found: object, expected: str, why: str = "") -> UsageError:
    """The error for an answer: `who` is the part as it was given, such as "the evaluator 'mine:MyEvaluator'"."""
    because = f" ({why})" if why else ""
    return UsageError(f"{call} of {who} must be {expected}; got {shown(found)}{because}: {part_name(part)}")


def task_of(name: str, evaluator: Evaluator) -> Task:
    """The task of the evaluator with that name. UsageError where it fails, and where it answers no task."""
    with blame(evaluator, "task()", UsageError, MEND):
        return checked_task(f"the evaluator {name!r}", evaluator, evaluator.task())


def metrics_of(name: str, evaluator: Evaluator) -> Sequence[str]:
    """The metrics that the evaluator with that name says it returns; none where it does not say."""
    if not isinstance(evaluator, Measures):
        return ()
    with blame(evaluator, "metrics()", UsageError, MEND):
        return checked_names(f"the evaluator {name!r}", evaluator, "metrics()", evaluator.metrics())


def check_ready(evaluator: Evaluator) -> None:
    """Lets the evaluator look for what it needs. UsageError where it misses something, and where its check fails."""
    with blame(evaluator, "check()", UsageError, MEND):
        evaluator.check()


def checked_task(who: str, part: object, found: Any) -> Task:
    """The answer of task(). UsageError where it is no task, and where its fields are out of range."""
    if not isinstance(found, Task):
        raise wrong(who, part, "task()", found, TASK)
    try:
        task_of_record(task_record(found))
    except UsageError as error:
        raise wrong(who, part, "task()", found, TASK, str(error)) from error
    return found


def checked_names(who: str, part: object, call: str, found: Any) -> Sequence[str]:
    """The answer of metrics() or describe(): texts, and not one text, which would be taken letter by letter."""
    right = isinstance(found, Collection) and not isinstance(found, str | bytes)
    if not right or not all(isinstance(name, str) for name in found):
        raise wrong(who, part, call, found, NAMES)
    return tuple(found)


def checked_identity(who: str, part: object, found: Any) -> dict[str, Any]:
    """The answer of identity(), which goes into run.json."""
    if not isinstance(found, Mapping):
        raise wrong(who, part, "identity()", found, IDENTITY)
    try:
        json.dumps(dict(found))
    except (TypeError, ValueError) as error:
        raise wrong(who, part, "identity()", found, IDENTITY, str(error)) from error
    return dict(found)


def check_space(who: str, space: Any) -> None:
    """UsageError where what a space says of itself is of a wrong type: its name, its choices, its default size."""
    if not isinstance(space.name, str):
        raise wrong(who, space, "name", space.name, "a text")
    choices, size = space.choices, space.default_size
    several = isinstance(choices, Sequence) and len(choices) > 0
    if not several or not all(isinstance(each, Choice | Range) for each in choices):
        raise wrong(who, space, "choices", choices, CHOICES)
    if not isinstance(size, Size):
        raise wrong(who, space, "default_size", size, SIZE)
    try:
        size_of_record(vars(size))
    except UsageError as error:
        raise wrong(who, space, "default_size", size, SIZE, str(error)) from error
