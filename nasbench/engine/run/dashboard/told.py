"""What a report in W&B says of a run: what it came to, the verdict, and a checklist of what makes a result worth
trusting, from the record of the run alone.
"""

from collections.abc import Mapping
from typing import Any

from nasbench.core.count_text import quantity
from nasbench.core.curves import random_scores
from nasbench.core.run_record import searches
from nasbench.core.store import RunStore
from nasbench.trackers.wandb_dashboard import RunText


def text_of_run(store: RunStore, run_id: str) -> RunText:
    """The sentences of a run, which W&B knows by `run_id`."""
    failed = sum(trial.status == "failed" for trial in store.trials)
    more = f", {failed} of them failed" if failed else ""
    lead = f"{quantity(len(store.trials), 'trial')} in {store.directory.name}{more}."
    if not store.run.get("ended"):
        lead += " The run has not ended."
    return RunText(run_id, lead, tuple(_verdict(store)), tuple(_checklist(store)))


def _verdict(store: RunStore) -> list[str]:
    command, config = str(store.run.get("command", "search")), store.run["config"]
    if command == "compare":
        from nasbench.report.comparison.results import verdict as compared
        from nasbench.report.comparison.rows import rows_of

        return list(compared(rows_of(store)).paragraphs)
    if command == "fidelity":
        from nasbench.report.fidelity.results import Fidelity

        return Fidelity.of(store.run, store.trials).verdicts()
    if command == "race":
        from nasbench.report.race.results import races_of

        races = races_of(store.run, store.trials)
        return [
            f"Of {quantity(len(race.strategies), 'strategy', 'strategies')}, {best.strategy} returned the "
            f"architectures with the highest mean {race.rank_by}{f' on {race.on}' if len(races) > 1 else ''}: "
            f"{best.columns[race.rank_by]}."
            for race in races
            for best in race.standings(race.budget)[:1]
        ]
    told = []
    if searches(command, config):
        from nasbench.report.run.chance import chance_of

        told.append(chance_of(store.run, store.trials).sentence)
    if command in ("search", "supernet"):
        from nasbench.report.common.ranking_check import ranking_check

        check = ranking_check(store.run, store.trials)
        told += [check.sentence] if check is not None else []
    return told


def _checklist(store: RunStore) -> list[tuple[bool, str]]:
    """(kept, sentence) each. Of a comparison these are the sixteen best practices of NAS research."""
    run, config = store.run, store.run["config"]
    if run.get("command") == "compare":
        from nasbench.report.comparison.checklist import checklist
        from nasbench.report.comparison.rows import rows_of

        return [(item.answer == "yes", f"{item.practice}: {item.evidence}") for item in checklist(run, rows_of(store))]
    commit = str(run.get("git_commit") or "")
    clean = bool(commit) and not commit.endswith("-dirty")
    items = [
        (clean, f"The code: {f'commit {commit}' if commit else 'no commit is recorded'}."),
        (bool(run.get("versions")), f"Versions: {_listed(run.get('versions'))}."),
        (bool(run.get("hardware")), f"Hardware: {_listed(run.get('hardware'))}."),
    ]
    if run.get("command") in ("train", "transfer", "race"):
        seeds = int(config.get("seeds") or 1)
        items.append((seeds > 1, f"Repeated: {quantity(seeds, 'seed')}."))
    if run.get("command", "search") == "search":
        drawn = len(random_scores(store.trials))
        items.append((drawn > 0, f"Compared with chance: {quantity(drawn, 'random child', 'random children')}."))
    failed = sum(trial.status == "failed" for trial in store.trials)
    items.append((not failed, f"Failures: {quantity(failed, 'trial')} failed."))
    return items


def _listed(values: object) -> str:
    if not isinstance(values, Mapping) or not values:
        return "not recorded"
    plain: Mapping[str, Any] = values
    return ", ".join(f"{name} {value}" for name, value in plain.items() if isinstance(value, str | int | float))
