"""What an attacked command left, beside what an undisturbed one leaves."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attack.commands import Command

CLOCK = (
    "seconds",
    "wall_seconds",
    "started",
    "worker",
    "images_per_second",
    "train_seconds",
    "cut_off_after",
    "reused",
    "resumed",
)
CLOCK_TEXT = ("ended", "argv", "hardware", "versions", "git_commit")
DIED = "the process died"
"""How the reason of a trial begins in which the process was killed twice: it is not evaluated a third time."""
SAME_VALUES = ("metrics.json", "result.json", "run.json", "curve.jsonl", "coefficients.json")
"""Files that are the same, times aside."""
SAME_BYTES = ("architecture.json", "weights.safetensors", "model.py", "preprocessing.json", "cell.svg", "front.json")


def lines_of(run: Path) -> list[str]:
    """The complete lines of a run's log, as they stand there."""
    log = run / "trials.jsonl"
    return [line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")] if log.exists() else []


def names_in(folder: Path) -> list[str]:
    """The files below a folder, as paths from it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def differences(command: Command, undisturbed: Path, attacked: Path, killed: int) -> list[str]:
    """What differs after all; `killed` processes died without being asked."""
    wrong = []
    if command.run:
        wrong += _log_differences(command, undisturbed / command.run, attacked / command.run, killed)
        if any(DIED in line for line in lines_of(attacked / command.run)):
            return wrong  # from that trial on, the search is another one
    for folder in command.folders:
        before, after = (names_in(place / folder) for place in (undisturbed, attacked))
        if lost := sorted(set(before) - set(after)):
            wrong.append(f"missing in {folder}: {lost}")
        if left := sorted(set(after) - set(before)):
            wrong.append(f"left behind in {folder}: {left}")
        if command.alone:
            both = [(undisturbed / folder / name, attacked / folder / name) for name in before if name in after]
            wrong += filter(None, (_differs(*pair) for pair in both))
    beside = {path.name for path in attacked.iterdir()} - {path.name for path in undisturbed.iterdir()}
    return [*wrong, f"left behind beside them: {sorted(beside)}"] if beside else wrong


def _differs(before: Path, after: Path) -> str:
    """What differs in a file that must not depend on what happened; empty if nothing does."""
    if before.name in SAME_BYTES and before.read_bytes() != after.read_bytes():
        return f"{after} differs"
    if before.name in SAME_VALUES and (told := _json_difference(before, after)):
        return f"{after} differs: {told}"
    return ""


def _log_differences(command: Command, undisturbed: Path, attacked: Path, killed: int) -> list[str]:
    before, after = ([json.loads(line) for line in lines_of(run)] for run in (undisturbed, attacked))
    numbers = [line["number"] for line in after]
    wrong = []
    if sorted(numbers) != sorted(line["number"] for line in before):
        wrong.append(f"the numbers of the trials are {numbers}")
    trained = [(line["key"], line["epochs"], line["seed"]) for line in after if line["status"] == "ok"]
    if len(trained) != len(set(trained)):
        wrong.append("an evaluation was done twice")
    died = [line["number"] for line in after if DIED in (line["error"] or "")]
    if len(died) > killed // 2:
        wrong.append(f"trials {died} are said to have killed the process, after {killed} kills")
    if command.alone and not died and _timeless(before) != _timeless(after):
        first = next(
            i for i, pair in enumerate(zip(before, after, strict=False)) if _timeless(pair[0]) != _timeless(pair[1])
        )
        wrong.append(f"line {first + 1} of the log differs: {after[first]} instead of {before[first]}")
    if not command.alone and not died and sorted(map(_result, before)) != sorted(map(_result, after)):
        wrong.append("the results differ")
    return wrong


def _result(line: Mapping[str, Any]) -> tuple[int, str, str]:
    return line["number"], line["key"], str(line["score"])


def _json_difference(first: Path, second: Path) -> str:
    """The first difference between two files of JSON or lines of it, times left aside."""
    texts = [path.read_text() for path in (first, second)]
    one, other = (
        [json.loads(line) for line in text.splitlines()] if first.suffix == ".jsonl" else json.loads(text)
        for text in texts
    )
    if first.suffix == ".jsonl":
        one, other = ([line for line in lines if "cut_off_after" not in line] for lines in (one, other))
    return _difference(_timeless(one), _timeless(other), "")


def _timeless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _timeless(each) for name, each in value.items() if name not in (*CLOCK, *CLOCK_TEXT)}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def _difference(one: Any, other: Any, where: str) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            if told := _difference(one.get(name), other.get(name), f"{where}.{name}"):
                return told
        return ""
    return "" if one == other else f"{where} is {str(other)[:200]} instead of {str(one)[:200]}"
