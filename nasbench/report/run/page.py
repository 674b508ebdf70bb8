"""The report of a run: one self-contained HTML page and its plots as SVG beside it, derived from the run log alone.

Nothing in it is fetched: styles, script and plots are inlined. It is written for a run of any length, failures only and
none included.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.control import SHARES_FIELD
from nasbench.core.count_text import quantity
from nasbench.core.curves import groups_of, is_control, searched
from nasbench.core.objectives import pareto_front
from nasbench.core.picture import svg_image
from nasbench.core.run_title import run_title
from nasbench.core.shown import escape
from nasbench.core.store import RunStore, returned_trial
from nasbench.core.trial import STATUSES, Trial
from nasbench.report.common.chart_element import Plot, with_charts
from nasbench.report.common.dot_titles import trained_for
from nasbench.report.common.notes import notes_section
from nasbench.report.common.numbers import count, duration, score
from nasbench.report.common.page import (
    configuration,
    mapping,
    minute,
    numbers_row,
    page,
    report_files,
    table,
    wall_time,
)
from nasbench.report.common.ranking_check import ranking_check, trained_score
from nasbench.report.common.ranking_section import check_figure, check_section, trainings_after
from nasbench.report.common.rankings import kendall_test
from nasbench.report.common.thinned import rows_listed
from nasbench.report.run.chance import Exact, chance_of
from nasbench.report.run.charts import run_charts
from nasbench.report.run.dots import cost_edge, curve_edge, dots_sentence
from nasbench.report.run.front import front_plots, front_sentence, front_table
from nasbench.report.run.plots import figures
from nasbench.report.run.scored import beside, in_words, objectives_of, reward_said, score_name, targets, value_of
from nasbench.report.run.statistics import retrained
from nasbench.report.run.tables import columns, leaderboard_rows
from nasbench.report.run.trial_data import trials_in_page
from nasbench.report.scaling import page as scaling
from nasbench.report.scaling.results import is_coefficient_search

CAPTIONS = {
    "search_curve": "Score of each trial in the order of finishing, the best so far, and chance: what the best of n "
    "random children is expected to be (the mean over all subsets of n of this run's random children), with a 95 % "
    "bootstrap interval. Children of the control take no step of n: they stand between the trials around them.",
    "search_curve_exact": "Score of each trial in the order of finishing, the best so far, and chance: what the best "
    "of n random children is expected to be, exactly from the table; 95 % of random searches lie in the band.",
    "score_against_cost": "Score against size and cost, at the epochs of the search. The line joins those that "
    "nothing cheaper beats.",
    "operations": "What the strategy proposed along the search, as shares of all decisions with the same options.",
    "controller": "The controller's own record: entropy of what it proposes, loss of its last update, baseline of its "
    "reward.",
    "front": "Every trial compared, and the front: those that no other is at least as good as in every objective and "
    "better in one.",
    "ranking": "Does the search's score rank as the longer training does?",
    **scaling.CAPTIONS,
}


def files(store: RunStore) -> dict[str, str]:
    """report.html and the SVG files of the plots: file name -> text."""
    scales = is_coefficient_search(store.run)
    groups = [] if scales else groups_of(store.run.get("config", {}), store.trials)
    trained = trained_score(store.run)
    name, exact = score_name(store.run), Exact.of(store.run)
    goals, wanted = objectives_of(store.run), targets(store.run)
    pictures = figures(store.trials, groups, name, exact, trained)
    pictures |= front_plots(store.trials, goals, wanted)
    pictures |= scaling.plots(store.run, store.trials) if scales else {}
    plots = with_charts(pictures, run_charts(store.trials, groups, name, exact, trained, goals, wanted))
    plots |= check_figure(ranking_check(store.run, store.trials), name)
    text = render(store.directory, store.run, store.trials, plots)
    return report_files(text, {name: plot.svg for name, plot in plots.items()})


def render(directory: Path, run: Mapping[str, Any], trials: Sequence[Trial], plots: Mapping[str, Plot]) -> str:
    """The page as text. `plots`: file stem -> plot."""
    config = mapping(run.get("config"))
    scales = is_coefficient_search(run)
    title = run_title(config)
    plan = mapping(run.get("plan"))
    recipe = mapping(plan.get("recipe"))
    lead = [f"nasbench {run.get('command', 'run')}", f"seed {run.get('seed')}"]
    lead += [f"recipe {recipe.get('name')} v{recipe.get('version')}"] if recipe else []
    lead += [f"{quantity(int(plan['epochs']), 'epoch')} a child"] if plan.get("epochs") else []
    lead += [f"scores by {config.get('evaluator')}"] if "after" in plan else []
    lead += [str(plan["table"])] if plan.get("table") else []
    lead += [f"reward {said}"] if (said := reward_said(run)) else []
    lead += trainings_after(run)
    lead += [f"controller: {mapping(plan['controller'])['words']}"] if plan.get("controller") else []
    lead += [f"started {minute(run.get('started'))}"]
    sections = [
        _headline(run, trials),
        notes_section(run),
        *(_scaling(run, trials, plots) if scales else []),
        _chance(run, trials, plots),
        check_section(ranking_check(run, trials), plots.get("ranking_check")),
        _front(run, trials, plots),
        _plot(
            "Score against size and cost",
            "score_against_cost",
            plots,
            cost_edge(trials).told() + dots_sentence(trials),
        ),
        _plot("Operations over time", "operations", plots),
        _plot("Controller", "controller", plots, dots_sentence(trials)),
        scaling.candidates_section(trials) if scales else _leaderboard(run, trials),
        _drawing(directory, run, trials),
        _ranking(run, trials, plots),
        _cost(trials),
        _failures(trials),
        configuration(run),
        _how_to_go_on(directory, run, trials),
        trials_in_page(run, trials),
    ]
    return page(title, " · ".join(lead), sections)


def _scaling(run: Mapping[str, Any], trials: Sequence[Trial], plots: Mapping[str, Plot]) -> list[str]:
    told = {"surface": scaling.dots_sentence(trials)}
    figures = {
        name: _figure(name, plots, caption + told.get(name, "")) if name in plots else ""
        for name, caption in scaling.CAPTIONS.items()
    }
    return [
        scaling.coefficients_section(run, trials, figures["surface"]),
        scaling.comparison_section(run, trials, figures["comparison"]),
    ]


def _headline(run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    best = returned_trial(run, trials)
    counts = {status: sum(trial.status == status for trial in trials) for status in STATUSES}
    planned = mapping(run.get("config")).get("trials")
    metric = beside(run)
    behind = f"; {in_words(metric)} {value_of(best, metric)}" if best is not None and metric is not None else ""
    spent = f"{sum(trial.seconds for trial in trials):,.0f}"
    numbers = [
        (
            "best score",
            score(best.score) if best else "none yet",
            f"trial {best.number}, {trained_for(best)}{behind}" if best else "",
        ),
        ("its parameters", count(best.metrics.get("params")) if best else "–", ""),
        ("its multiply-adds", count(best.metrics.get("macs")) if best else "–", ""),
        ("trials", str(len(trials)), f"{planned} planned in the search" if planned else ""),
        ("ok", str(counts["ok"]), f"{counts['cached']} cached, {counts['pruned']} pruned"),
        ("failed", str(counts["failed"]), "reasons below" if counts["failed"] else ""),
        ("device-seconds", spent, duration(sum(trial.seconds for trial in trials))),
        ("wall time", wall_time(run), "" if run.get("ended") else "not ended"),
    ]
    return numbers_row(numbers)


def _chance(run: Mapping[str, Any], trials: Sequence[Trial], plots: Mapping[str, Plot]) -> str:
    exact, plan = Exact.of(run), mapping(run.get("plan"))
    told = chance_of(run, trials)
    cheap = " These are cheap scores: nothing was trained for them." if "after" in plan else ""
    among = sum(map(is_control, trials)) if SHARES_FIELD in plan else 0
    spent = f" {among} of the {len(searched(trials)) + among} trials went into this comparison." if among else ""
    caption = CAPTIONS["search_curve" if exact is None else "search_curve_exact"]
    said = f'<p class="verdict {told.answer}">{escape(told.sentence)}{spent}{cheap}</p>'
    return f"<h2>Did the search beat chance?</h2>\n{said}\n" + _figure(
        "search_curve", plots, caption + curve_edge(trials).told() + dots_sentence(trials)
    )


def _plot(title: str, name: str, plots: Mapping[str, Plot], more: str = "") -> str:
    return f"<h2>{escape(title)}</h2>\n{_figure(name, plots, CAPTIONS[name] + more)}" if name in plots else ""


def _front(run: Mapping[str, Any], trials: Sequence[Trial], plots: Mapping[str, Plot]) -> str:
    objectives, wanted = objectives_of(run), targets(run)
    front = pareto_front(trials, objectives)
    if not front:
        return ""
    listed, left_out = rows_listed(front, "trials.jsonl" if wanted else "best/front.json")
    names, rows = front_table(listed, objectives)
    sentence = f"{front_sentence(front, trials)} {left_out}".rstrip()
    if wanted:
        told = " and ".join(f"{each.metric} {each.at:,}" for each in wanted)
        sentence += f" Red: the target, {told}" + ("; broken lines join equal scores." if len(wanted) == 1 else ".")
    return (
        "<h2>Pareto front</h2>\n"
        f"<p>{escape(sentence)}</p>\n"
        f"{_figure('front', plots, CAPTIONS['front'] + dots_sentence(trials)) if 'front' in plots else ''}\n"
        + table(names, rows, left=("key",), sortable=True)
    )


def _figure(name: str, plots: Mapping[str, Plot], caption: str = "") -> str:
    if name not in plots:
        return "<p>No trial has a score yet: there is nothing to plot.</p>"
    return plots[name].figure(caption or CAPTIONS[name])


def _leaderboard(run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    more = beside(run)
    rows = leaderboard_rows(trials, beside=more)
    if not rows:
        return ""
    listed = table(columns(more), rows, left=("key",), sortable=True)
    return (
        f'<h2>Best architectures</h2>\n<div id="board">{listed}</div>\n'
        "<p>Different architectures only; those with the most epochs come first, since scores of unequal trainings "
        "do not compare.</p>"
    )


def _drawing(directory: Path, run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    best = returned_trial(run, trials)
    if best is None:
        return ""
    image = svg_image(directory / "best" / "cell.svg", directory, f"A drawing of trial {best.number}")
    if not image:
        return ""
    caption = f"Trial {best.number} ({best.key}). The file is best/cell.svg, and best/ holds the network."
    return f'<h2>The winner</h2>\n<figure class="paper">{image}</figure>\n<p>{escape(caption)}</p>'


def _ranking(run: Mapping[str, Any], trials: Sequence[Trial], plots: Mapping[str, Plot]) -> str:
    pairs = retrained(trials)
    after = mapping(run.get("plan")).get("after", {})
    if not pairs:
        return (
            "<h2>Trained by themselves</h2>\n<p>Nothing was trained: the best is the best by the cheap score alone. "
            "--retrain-top K trains the K best by themselves.</p>"
            if after is None
            else ""
        )
    listed, left_out = rows_listed(pairs, "trials.jsonl")
    rows = [
        (
            str(first.number),
            str(second.number),
            score(first.score),
            str(first.epochs),
            score(second.score),
            str(second.epochs),
        )
        for first, second in listed
    ]
    tau = kendall_test([first.score or 0.0 for first, _ in pairs], [second.score or 0.0 for _, second in pairs])
    if tau is None:
        sentence = "Too few different scores for a rank correlation."
    else:
        sentence = (
            f"Kendall's tau between the two rankings is {tau[0]:.2f} (p = {tau[1]:.2g}, {len(pairs)} architectures)."
        )
        sentence += " With so few, it is a hint and no more." if len(pairs) < 10 else ""
    sentence += (
        " They are the best of the search, so the range is narrow and the correlation lower than over the whole space."
    )
    sentence = f"{sentence} {left_out}".rstrip()
    plot = _figure("ranking", plots) if "ranking" in plots else ""
    columns = ("trial", "retrained as", "score", "epochs", "score retrained", "epochs retrained")
    title = "Front-runners trained by themselves" if after else "Ranking after retraining"
    return f"<h2>{title}</h2>\n<p>{escape(sentence)}</p>\n{plot}\n" + table(columns, rows, sortable=True)


def _cost(trials: Sequence[Trial]) -> str:
    if not trials:
        return ""
    rows: list[tuple[str, ...]] = []
    for status in STATUSES:
        some = [trial for trial in trials if trial.status == status]
        if some:
            seconds = sum(trial.seconds for trial in some)
            rows.append((status, str(len(some)), f"{seconds:,.1f}", f"{seconds / len(some):,.1f}"))
    seconds = sum(trial.seconds for trial in trials)
    rows.append(("all", str(len(trials)), f"{seconds:,.1f}", f"{seconds / len(trials):,.1f}"))
    by_number = {trial.number: trial for trial in trials}
    saved = sum(by_number[trial.of].seconds for trial in trials if trial.of in by_number)
    hits = sum(trial.status == "cached" for trial in trials)
    met = "architecture was" if hits == 1 else "architectures were"
    sentence = (
        f"{hits} {met} met again and answered from the log, which saved {duration(saved)} of training." if hits else ""
    )
    costs = table(("status", "trials", "device-seconds", "mean"), rows, left=("status",))
    return f"<h2>Cost</h2>\n{costs}" + (
        f"<p>{escape(sentence)}</p>" if sentence else "<p>No architecture was met twice.</p>"
    )


def _failures(trials: Sequence[Trial]) -> str:
    failed = [trial for trial in trials if trial.status == "failed"]
    if not failed:
        return ""
    shown, left_out = rows_listed(failed, "trials.jsonl")
    rows = [
        (str(trial.number), trial.key, duration(trial.seconds), trial.error or "no reason recorded") for trial in shown
    ]
    listed = table(("trial", "key", "after", "reason"), rows, left=("key",), wrap=("reason",))
    many = f"all {len(rows)}" if not left_out else f"{len(rows)} of them"
    body = listed if len(rows) <= 20 else f"<details><summary>{many}</summary>{listed}</details>"
    sentence = f"{len(failed)} of {quantity(len(trials), 'trial')} failed. {left_out}".rstrip()
    return f"<h2>Failed trials</h2>\n<p>{sentence}</p>\n{body}"


def _how_to_go_on(directory: Path, run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    where = shlex.quote(str(directory))
    trust = " --trust" if ":" in str(mapping(run.get("config")).get("space")) else ""  # its files name a space by path
    lines = (
        []
        if run.get("ended") and trials
        else [("go on with this run", f"nasbench {run.get('command', 'search')} --run {where} --resume")]
    )
    lines.append(("build this page anew", f"nasbench report {where}"))
    if is_coefficient_search(run):
        base = shlex.quote(str(mapping(run.get("config")).get("base")))
        lines.append(
            ("scale the base by these coefficients", f"nasbench scale --coefficients {where} --base {base} --phi 3")
        )
    elif returned_trial(run, trials) is not None:
        lines += [
            ("train the best network longer", f"nasbench train {where}{trust} --dataset ... --recipe cifar_fast"),
            (
                "compare it with baselines and random cells",
                f"nasbench compare {where}{trust} zoo:resnet20 --controls 3 --seeds 5 --dataset ...",
            ),
        ]
    text = "\n".join(f"# {what}\n{command}" for what, command in lines)
    return f"<h2>How to go on</h2>\n<pre>{escape(text)}</pre>"
