"""The NAS best-practices checklist, filled in from the record of a comparison.

Lindauer and Hutter, Best Practices for Scientific Research on Neural Architecture Search (arXiv:1909.02453; JMLR
21(243), 2020): three groups of practices, rephrased here. The answers use only the record and the rows of the run;
nothing else is claimed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nasbench.core.count_text import quantity
from nasbench.report.common.numbers import duration
from nasbench.report.common.page import mapping, wall_time
from nasbench.report.comparison.results import all_seeds
from nasbench.report.comparison.rows import Row

Answer = Literal["yes", "no", "partly", "not applicable"]
RELEASING, COMPARING, REPORTING = "Releasing code", "Comparing methods", "Reporting details"
NO_SEARCH = "No found model is among these: no search method is being judged."


@dataclass(frozen=True)
class Item:
    """A practice, whether it was followed, and the evidence in the record. `group` is one of the three groups."""

    practice: str
    answer: Answer
    evidence: str
    group: str


@dataclass(frozen=True)
class _Facts:
    """The record of a comparison: run.json, its configuration and recipe, the records of the searches that found the
    found models, and the rows.
    """

    run: Mapping[str, Any]
    config: Mapping[str, Any]
    recipe: Mapping[str, Any]
    searches: Sequence[Mapping[str, Any]]
    rows: Sequence[Row]

    def of(self, source: str) -> list[Row]:
        return [row for row in self.rows if row.source == source]

    def searched(self, field: str) -> list[Any]:
        """The values of a field in the configurations of the searches, without missing ones."""
        values = (mapping(search.get("config")).get(field) for search in self.searches)
        return [value for value in values if value is not None]


def checklist(run: Mapping[str, Any], rows: Sequence[Row]) -> list[Item]:
    """All sixteen items. `run` is the run.json of the comparison.

    Its optional field `searches` lists the run.json of each found model's search, each with `trials` (a count) and
    `seconds` (of device time).
    """
    searches = run.get("searches")
    facts = _Facts(
        run=run,
        config=mapping(run.get("config")),
        recipe=mapping(mapping(run.get("plan")).get("recipe")),
        searches=[mapping(search) for search in searches] if isinstance(searches, list | tuple) else [],
        rows=rows,
    )
    return [*_releasing(facts), *_comparing(facts), *_reporting(facts)]


def _releasing(facts: _Facts) -> list[Item]:
    code, code_said = _code(facts)
    space, space_said = _named_code(facts, "space", "search space")
    method, method_said = _named_code(facts, "strategy", "search method")
    seeds = all_seeds(facts.rows)
    return [
        Item("The code that trains the final networks", code, code_said, RELEASING),
        Item("The code of the search space", space, space_said, RELEASING),
        Item(
            "The hyperparameters of the final training, and its seeds", *_final_settings(facts.recipe, seeds), RELEASING
        ),
        Item("The code of the search method", method, method_said, RELEASING),
        Item("The hyperparameters of the search method, and its seeds", *_search_settings(facts), RELEASING),
    ]


def _comparing(facts: _Facts) -> list[Item]:
    return [
        Item(
            "The same benchmark for all: data and split, space, training code and its settings",
            *_same_benchmark(facts),
            COMPARING,
        ),
        Item("Confounders held equal: hardware, library versions, running time", *_confounders(facts), COMPARING),
        Item(
            "Ablations",
            *_unless_no_search(facts, "no", "No part of the search was taken out and the rest run again."),
            COMPARING,
        ),
        Item("The same evaluation protocol for all", *_same_protocol(facts), COMPARING),
        Item("Performance over time", *_over_time(facts), COMPARING),
        Item("A comparison with random search", *_random(facts), COMPARING),
        Item("Several runs, with their seeds", *_repeated(facts), COMPARING),
        Item("Tabular or surrogate benchmarks for the deeper questions", *_tables(facts), COMPARING),
    ]


def _reporting(facts: _Facts) -> list[Item]:
    tuning = "How the settings of the search were chosen, and what that cost, is not in the record."
    return [
        Item(
            "How the method's own hyperparameters were tuned, and at what cost",
            *_unless_no_search(facts, "no", tuning),
            REPORTING,
        ),
        Item("The time from end to end, not of the search alone", *_end_to_end(facts), REPORTING),
        Item("The whole set-up", *_set_up(facts), REPORTING),
    ]


def _unless_no_search(facts: _Facts, answer: Answer, evidence: str) -> tuple[Answer, str]:
    return (answer, evidence) if facts.of("found") else ("not applicable", NO_SEARCH)


def _code(facts: _Facts) -> tuple[Answer, str]:
    commit, version = facts.run.get("git_commit"), mapping(facts.run.get("versions")).get("nasbench")
    name = f"nasbench {version}" if version else "nasbench"
    if commit:
        state = "with changes that were not committed" if str(commit).endswith("-dirty") else "unchanged"
        return "partly", f"{name}, commit {commit}, {state}; whether others can get it is not in the record."
    return ("partly" if version else "no"), f"{name}; no commit is recorded."


def _named_code(facts: _Facts, field: str, what: str) -> tuple[Answer, str]:
    if not facts.of("found"):
        return "not applicable", NO_SEARCH
    names = sorted({str(name) for name in facts.searched(field)})
    if not names:
        return "no", f"The record does not name the {what} behind the found model."
    own = [name for name in names if ":" in name]
    if own:
        return "no", f"{', '.join(own)}: the user's own code; the record has only its name."
    return "partly", f"{', '.join(names)}, part of nasbench; whether others can get that commit is not in the record."


def _final_settings(recipe: Mapping[str, Any], seeds: Sequence[int]) -> tuple[Answer, str]:
    under = f"seeds {', '.join(map(str, seeds))}" if seeds else "no seed is recorded"
    if not recipe:
        return ("partly" if seeds else "no"), f"The recipe's settings are not in the record; {under}."
    answer: Answer = "yes" if seeds else "partly"
    return answer, f"Recipe {recipe.get('name')}, version {recipe.get('version')}, in full below; {under}."


def _search_settings(facts: _Facts) -> tuple[Answer, str]:
    if not facts.of("found"):
        return "not applicable", NO_SEARCH
    if not facts.searches:
        return (
            "no",
            "The record of the search behind the found model is not part of this one; "
            "the run directory of the search has it.",
        )
    seeds = [search.get("seed") for search in facts.searches if search.get("seed") is not None]
    options = [
        " ".join(value) or "as built in"
        for value in facts.searched("strategy_options")
        if isinstance(value, list | tuple)
    ]
    if not seeds or not facts.searched("strategy"):
        return "partly", "The search's record lacks its strategy or its seed."
    settings = (
        f"strategy {', '.join(map(str, facts.searched('strategy')))} (options: {'; '.join(options) or 'not recorded'})"
    )
    return "yes", f"{settings}, seed {', '.join(map(str, seeds))}; its run.json has every field."


def _same_benchmark(facts: _Facts) -> tuple[Answer, str]:
    dataset, recipe = facts.config.get("dataset"), facts.recipe
    if not dataset or not recipe:
        return "no", "The record lacks the data set or the recipe."
    epochs = quantity(int(recipe.get("epochs", 0)), "epoch")
    under = f"recipe {recipe.get('name')} version {recipe.get('version')}, {epochs}"
    spaces = "; random cells come from the found model's space" if facts.of("random") and facts.of("found") else ""
    baselines = "; the baselines were designed by hand and belong to no space" if facts.of("baseline") else ""
    return "yes", f"All {len(facts.rows)} models: {dataset}, {under}{spaces}{baselines}."


def _confounders(facts: _Facts) -> tuple[Answer, str]:
    versions, hardware = mapping(facts.run.get("versions")), mapping(facts.run.get("hardware"))
    if not versions or not hardware:
        return "no", "The record lacks versions or hardware."
    reused = facts.run.get("reused")
    if reused is None:
        old = "the record does not say how many trainings were taken over from earlier runs, possibly on other machines"
    else:
        old = f"{quantity(reused, 'training')} taken over from earlier runs, possibly on other machines"
    where = "the workers were Ray's, whose machines may differ" if facts.config.get("workers") else "all in one process"
    one_machine = reused == 0 and not facts.config.get("workers")
    equal = "epochs are equal for all, running time is not: it is what the network costs"
    if one_machine:
        return "yes", f"One machine and one set of versions, listed below, {where}; {equal}."
    return "partly", f"Versions and hardware of this run are listed below; {where}; {old}; {equal}."


def _same_protocol(facts: _Facts) -> tuple[Answer, str]:
    seeds = all_seeds(facts.rows)
    single = [row for row in facts.rows if row.source != "ensemble"]
    ragged = [row.model for row in single if len(row.accuracies) < len(seeds)]
    same = quantity(len(seeds), "seed")
    text = f"One recipe and the same {same} for every model, each figure the test accuracy of a single network"
    notes = []
    if facts.of("found"):
        trials = [str(search["trials"]) for search in facts.searches if search.get("trials") is not None]
        notes.append(
            f"a found model is the best of its search ({', '.join(trials) or 'unknown number of'} trials), a random "
            "cell is one draw"
        )
    if facts.of("ensemble"):
        notes.append("the ensemble averages several")
    if ragged:
        return "partly", f"One recipe, but fewer seeds finished for {', '.join(ragged)}."
    return ("yes" if seeds else "no"), "; ".join([text, *notes]) + "."


def _over_time(facts: _Facts) -> tuple[Answer, str]:
    if not facts.of("found"):
        return "not applicable", NO_SEARCH
    if facts.searches:
        return (
            "partly",
            "Not here: these are final accuracies. The log of the search behind the found model holds every trial in "
            "order, with its time.",
        )
    return "no", "These are final accuracies; the record has no search's course."


def _random(facts: _Facts) -> tuple[Answer, str]:
    if not facts.of("found"):
        return "not applicable", NO_SEARCH
    drawn = len(facts.of("random"))
    if not drawn:
        return "no", "No random cell was trained (--controls K)."
    cells = quantity(drawn, "random cell")
    return (
        "partly",
        f"{cells}, one draw each, under the same recipe (random sampling); random search with the search's budget is "
        "not part of it.",
    )


def _repeated(facts: _Facts) -> tuple[Answer, str]:
    seeds = all_seeds(facts.rows)
    named = f"{quantity(len(seeds), 'training')} of each model (seeds {', '.join(map(str, seeds))})"
    if len(seeds) < 2:
        return "no", "One training of each model: no deviation can be given." if seeds else "No training finished."
    if not facts.of("found"):
        return "yes", f"{named}, mean and sample deviation."
    searches = [
        (mapping(search.get("config")).get("space"), mapping(search.get("config")).get("strategy"))
        for search in facts.searches
    ]
    repeats = {search.get("seed") for search in facts.searches}
    if len(set(searches)) == 1 and len(repeats) > 1:
        return "yes", f"{named}; {len(repeats)} searches, seeds {', '.join(map(str, sorted(repeats, key=str)))}."
    return (
        "partly",
        f"{named}; the search itself was not repeated here, so the deviation is of trainings, not of searches.",
    )


def _tables(facts: _Facts) -> tuple[Answer, str]:
    if not facts.of("found"):
        return "not applicable", NO_SEARCH
    if any(str(name).startswith("table:") for name in facts.searched("evaluator")):
        return "partly", "The search ran on a table of known results; the numbers here are trainings."
    return "no", "All numbers here are trainings; no table of known results was used."


def _end_to_end(facts: _Facts) -> tuple[Answer, str]:
    seconds, wall = facts.run.get("seconds"), wall_time(facts.run)
    spent = [f"{duration(seconds)} of training for the comparison"] if isinstance(seconds, int | float) else []
    spent += [f"{wall} of wall time for this command"] if wall != "–" else []
    searched = [search["seconds"] for search in facts.searches if isinstance(search.get("seconds"), int | float)]
    if not facts.of("found"):
        return ("yes" if spent else "no"), "; ".join(
            [*spent, "no search is being judged"] if spent else ["No time is recorded"]
        ) + "."
    if searched:
        spent.insert(0, f"{duration(sum(searched))} of device time for the search")
    missing = [] if searched else ["the time of the search is not in this record"]
    answer: Answer = "no" if not spent else "partly"
    return answer, "; ".join([*spent, *missing, "tuning of the search's settings is not counted"]) + "."


def _set_up(facts: _Facts) -> tuple[Answer, str]:
    held = {
        "hardware": facts.run.get("hardware"),
        "library versions": facts.run.get("versions"),
        "command line": facts.run.get("argv"),
        "configuration": facts.config,
        "recipe": facts.recipe,
        "commit": facts.run.get("git_commit"),
    }
    missing = [name for name, value in held.items() if not value]
    there = ", ".join(name for name in held if name not in missing)
    if not missing:
        return "yes", f"Below: {there}."
    return ("partly" if there else "no"), (
        f"Below: {there}; " if there else ""
    ) + f"not recorded: {', '.join(missing)}."
