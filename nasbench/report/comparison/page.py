"""The report of a comparison: one self-contained HTML page, and its plots as SVG beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.core.count_text import quantity
from nasbench.core.shown import escape
from nasbench.core.store import RunStore
from nasbench.report.common.chart import Chart
from nasbench.report.common.chart_element import Plot
from nasbench.report.common.notes import notes_section
from nasbench.report.common.page import (
    command_line,
    configuration,
    facts,
    mapping,
    minute,
    numbers_row,
    page,
    report_files,
    table,
    wall_time,
)
from nasbench.report.comparison.charts import comparison_chart
from nasbench.report.comparison.checklist import Item, checklist
from nasbench.report.comparison.plots import MARKS, MOST_LABELS, figures
from nasbench.report.comparison.results import COLUMNS, Contrast, Verdict, all_seeds, comparison_rows, points, verdict
from nasbench.report.comparison.rows import Row, rows_of

CAPTION = (
    "Test accuracy against multiply-adds and against parameters, both on logarithmic axes: mean over the seeds, with "
    "the sample deviation as error bars. The dashed line joins those that nothing cheaper beats on mean; models that "
    "differ by less than their bars may change places."
)


def files(store: RunStore) -> dict[str, str]:
    """report.html and the SVG files of the plots: file name -> text."""
    rows, run, trials = rows_of(store), store.run, store.trials
    plan = mapping(run.get("plan"))
    record = {
        **run,
        "config": {**mapping(run.get("config")), "sources": plan.get("sources"), "networks": plan.get("networks")},
        "searches": plan.get("searches", []),
        "reused": sum(bool(trial.metrics.get("reused")) for trial in trials),
        "seconds": sum(trial.metrics.get("train_seconds", 0.0) for trial in trials),
    }
    failures = [f"{trial.name} seed {trial.seed}: {trial.error}" for trial in trials if trial.error]
    plots = figures(rows)
    text = render(record, rows, failures, plots, comparison_chart(rows) if plots else None)
    return report_files(text, {name.removesuffix(".svg"): svg for name, svg in plots.items()})


def render(
    run: Mapping[str, Any],
    rows: Sequence[Row],
    failures: Sequence[str],
    plots: Mapping[str, str],
    chart: Chart | None = None,
) -> str:
    """The page as text. `plots`: file name -> SVG; `chart`: all of them as data."""
    recipe = mapping(mapping(run.get("plan")).get("recipe"))
    dataset = str(mapping(run.get("config")).get("dataset") or "data set not recorded")
    under = f"recipe {recipe.get('name')} version {recipe.get('version')}" if recipe else "recipe not recorded"
    lead = ["nasbench compare"]
    lead += [quantity(int(recipe["epochs"]), "epoch")] if recipe.get("epochs") else []
    lead += [f"started {minute(run['started'])}"] if run.get("started") else []
    told = verdict(rows)
    sections = [
        _headline(run, rows, failures),
        _verdict(told),
        _models(rows, dataset, under),
        notes_section(run),
        _plots(plots, chart, len(rows)),
        _contrasts(told.contrasts),
        _failures(failures),
        _checklist(checklist(run, rows)),
        _recipe(recipe, dataset),
        configuration(run),
        _how_to_go_on(run),
    ]
    return page(f"{dataset} · {under}", " · ".join(lead), sections)


def _headline(run: Mapping[str, Any], rows: Sequence[Row], failures: Sequence[str]) -> str:
    kinds = [(sum(row.source == source for row in rows), MARKS[source][0]) for source in MARKS]
    seeds = all_seeds(rows)
    done = sum(len(row.accuracies) for row in rows if row.source != "ensemble")
    return numbers_row(
        [
            (
                "models",
                str(len(rows)),
                ", ".join(f"{many} {kind if many > 1 else kind.removesuffix('s')}" for many, kind in kinds if many),
            ),
            ("seeds", str(len(seeds)), ", ".join(map(str, seeds)) if len(seeds) < 12 else f"{seeds[0]} to {seeds[-1]}"),
            ("trainings", str(done), f"{len(failures)} failed" if failures else "none failed"),
            ("wall time", wall_time(run), "" if run.get("ended") else "not ended"),
        ]
    )


def _verdict(told: Verdict) -> str:
    words = {contrast.word for contrast in told.contrasts if contrast.kind != "larger"}
    colour = " yes" if words == {"better"} else " no" if words == {"worse"} else ""
    paragraphs = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in told.paragraphs)
    return f'<h2>Verdict</h2>\n<div class="verdict{colour}">{paragraphs}</div>'


def _models(rows: Sequence[Row], dataset: str, under: str) -> str:
    note = (
        f"Test split of {dataset}, {under}: mean ± sample deviation over the seeds, in the order asked for. Rank "
        "nothing across recipes: results of another data set, recipe or version of it do not compare with these. MACs "
        "are multiply-adds of one image; images/s is measured inference."
    )
    seeds = all_seeds(rows)
    each = table(
        ("model", *(f"seed {seed}" for seed in seeds)),
        [
            (row.model, *(f"{100 * row.by_seed[seed]:.2f}" if seed in row.by_seed else "–" for seed in seeds))
            for row in rows
        ],
        left=("model",),
    )
    return (
        "<h2>Models</h2>\n"
        + table(COLUMNS, comparison_rows(rows), left=("source",), wrap=("model",), sortable=True)
        + f"<p>{escape(note)}</p>\n<details><summary>test accuracy of every training, %</summary>{each}</details>"
    )


def _plots(plots: Mapping[str, str], chart: Chart | None, models: int) -> str:
    if not plots:
        return (
            "<h2>Accuracy against cost</h2>\n<p>No model has both a finished training and a cost: there is "
            "nothing to plot.</p>"
        )
    more = f" The {MOST_LABELS} that were found or have most are named, others where there is room; the table has all."
    labelled = more if models > MOST_LABELS else ""
    pair = f'<div class="pair">{"".join(plots.values())}</div>'
    return f"<h2>Accuracy against cost</h2>\n{Plot(pair, chart).figure(CAPTION + labelled)}"


def _contrasts(contrasts: Sequence[Contrast]) -> str:
    if not contrasts:
        return ""
    rows = [
        (
            one.found,
            one.other,
            points(one.difference, sign=True),
            "–"
            if one.low is None or one.high is None
            else f"{points(one.low, sign=True)} to {points(one.high, sign=True)}",
            f"{100 * one.level:.4g} %",
            str(one.seeds),
            one.word,
        )
        for one in contrasts
    ]
    columns = ("found", "against", "difference, points", "t-interval", "level", "seeds", "reading")
    note = (
        "Found minus the other, paired by seed. Random cells enter as their mean. Baselines of no more MACs come next, "
        "the hardest to beat first, and their intervals hold together at 95 % (Bonferroni); so do those of the larger "
        "baselines after them."
    )
    differences = table(columns, rows, left=("reading",), wrap=("found", "against"))
    return f"<h2>Differences</h2>\n{differences}\n<p>{escape(note)}</p>"


def _failures(failures: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in failures)
    return f"<h2>Failed trainings</h2>\n<ul>{lines}</ul>" if failures else ""


def _checklist(items: Sequence[Item]) -> str:
    parts = [
        "<h2>Best practices</h2>\n"
        "<p>The checklist of Lindauer and Hutter (2020, arXiv:1909.02453), answered from this run's record alone: what "
        "the record does not hold counts as not shown.</p>"
    ]
    for group in dict.fromkeys(item.group for item in items):
        some = [(item.practice, item.answer, item.evidence) for item in items if item.group == group]
        parts.append(
            f"<h3>{escape(group)}</h3>\n"
            + table(("practice", "answer", "evidence"), some, left=("answer",), wrap=("practice", "evidence"))
        )
    return '<section class="checklist">' + "\n".join(parts) + "</section>"


def _recipe(recipe: Mapping[str, Any], dataset: str) -> str:
    if not recipe:
        return "<h2>Recipe</h2>\n<p>The record holds no recipe.</p>"
    heading = f"Recipe {recipe.get('name')}, version {recipe.get('version')}, on {dataset}"
    return f"<h2>{escape(heading)}</h2>\n{facts(recipe)}"


def _how_to_go_on(run: Mapping[str, Any]) -> str:
    if not run.get("argv"):
        return ""
    text = f"# again, with more models or seeds: finished trainings are reused\n{command_line(run)}"
    return f"<h2>How to go on</h2>\n<pre>{escape(text)}</pre>"
