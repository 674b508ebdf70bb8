"""The report of a race: one self-contained HTML page, and its plots as SVG beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nasbench.core.shown import escape, sentence
from nasbench.core.store import RunStore
from nasbench.report.common.chart_element import Plot, with_charts
from nasbench.report.common.page import (
    command_line,
    configuration,
    minute,
    numbers_row,
    page,
    report_files,
    table,
    wall_time,
)
from nasbench.report.race.charts import race_charts
from nasbench.report.race.plots import figures
from nasbench.report.race.regret import STEM as REGRET
from nasbench.report.race.results import Race, races_of
from nasbench.report.race.tables import budget_text, order_rows, place_rows, standing_columns, standing_rows, win_rows

ANYTIME = (
    "What each strategy would return at each point: the median over the repetitions, with the middle half of them as a "
    "band. It returns the architecture with the best score seen; the results it is judged by are never shown to it."
)

BELOW_THE_BEST = (
    "The mean over the repetitions of how far the returned architecture lies below the best of the table, on "
    "logarithmic axes. A line begins where every repetition has a result, and ends where all have found the best."
)


def files(store: RunStore) -> dict[str, str]:
    """report.html and the SVG files of the plots: file name -> text. Plots of the second race begin with `2_`."""
    races = races_of(store.run, store.trials)
    pictures, plots = dict[str, str](), list[dict[str, Plot]]()
    for place, race in enumerate(races, start=1):
        before = f"{place}_" if place > 1 else ""
        drawn = figures(race)
        charts = {stem: replace(each, name=f"{before}{each.name}") for stem, each in race_charts(race).items()}
        plots.append(with_charts(drawn, charts))
        pictures |= {f"{before}{stem}": svg for stem, svg in drawn.items()}
    return report_files(render(store.run, races, plots), pictures)


def render(run: Mapping[str, Any], races: Sequence[Race], plots: Sequence[Mapping[str, Plot]]) -> str:
    """The page of all races of a run. `plots`: of each race, file stem -> plot."""
    first, several = races[0], len(races) > 1
    sections = [_places(races)] if several else []
    for race, drawn in zip(races, plots, strict=True):
        sections += [
            f"<h2>On {escape(race.on)}</h2>" if several else "",
            _headline(run, race),
            f"<p>{escape(sentence(race.told[:1].upper() + race.told[1:]))}</p>" if race.told else "",
            _standings(race),
            _plots(drawn),
            _wins(race, drawn),
            _failures(race),
        ]
    sections += [configuration(run), _how_to_go_on(run)]
    lead = " · ".join(["nasbench race", *([f"started {minute(run['started'])}"] if run.get("started") else [])])
    on = f"{len(races)} tables" if several else first.space
    return page(f"Race on {on}, {budget_text(first, first.budget)}", lead, sections)


def _places(races: Sequence[Race]) -> str:
    """How the strategies do over several races: the place in each, and the mean of them."""
    rows = table(("strategy", *(race.on for race in races), "mean place"), place_rows(races), left=("strategy",))
    note = "Places by the mean at the whole budget, 1 is the best; a race in which a strategy has no result has none."
    return f"<h2>Over all</h2>\n{rows}\n<p>{escape(note)}</p>"


def _headline(run: Mapping[str, Any], race: Race) -> str:
    seeds = sorted({repetition.seed for repetition in race.repetitions})
    planned = len(race.strategies) * int(run["config"]["seeds"])
    first = race.standings(race.budget)[:1]
    best = race.optimum.get(race.rank_by)
    return numbers_row(
        [
            ("strategies", str(len(race.strategies)), f"first: {first[0].strategy}" if first else ""),
            ("seeds", str(len(seeds)), f"{seeds[0]} to {seeds[-1]}" if seeds else ""),
            ("repetitions", str(len(race.repetitions)), "" if len(race.repetitions) == planned else f"of {planned}"),
            (
                "best in the table",
                "–" if best is None else f"{best:g}",
                race.rank_by if best is not None else "not known",
            ),
            ("wall time", wall_time(run), "" if run.get("ended") else "not ended"),
        ]
    )


def _standings(race: Race) -> str:
    note = (
        f"Mean ± sample deviation over the seeds of the returned architecture, the one with the best {race.columns[0]} "
        f"seen, after {budget_text(race, race.budget)}. Strategies are ranked by {race.rank_by}. Each query has a "
        "cost, also that of a repeated architecture. A query that would end after the budget does not count."
    )
    made = "<h2>Standings</h2>\n" + table(
        standing_columns(race), standing_rows(race), left=("strategy",), sortable=True
    )
    made += f"<p>{escape(note)}</p>"
    if len(race.budgets) > 1:
        made += "\n<h3>Order by budget</h3>\n" + table(
            ("budget", "best to worst"), order_rows(race), wrap=("best to worst",)
        )
    return made


def _plots(plots: Mapping[str, Plot]) -> str:
    drawn = [plot for name, plot in plots.items() if name not in ("wins", REGRET)]
    figures = "\n".join(plot.figure(ANYTIME if plot is drawn[-1] else "") for plot in drawn)
    figures += f"\n{plots[REGRET].figure(BELOW_THE_BEST)}" if REGRET in plots else ""
    return f"<h2>Anytime curves</h2>\n{figures}" if drawn else ""


def _wins(race: Race, plots: Mapping[str, Plot]) -> str:
    if "wins" not in plots:
        return ""
    caption = (
        f"The share of seeds in which the strategy of the row returns a higher {race.rank_by} than the strategy of the "
        f"column under the same seed, at {budget_text(race, race.budget)}. A tie counts half. Below the share is its "
        "95 % interval (Wilson 1927)."
    )
    rows = table(
        ("strategy", "against", "wins", "95 % interval", "seeds"), win_rows(race), left=("strategy", "against")
    )
    return f"<h2>Who wins</h2>\n{plots['wins'].figure(caption)}\n<details><summary>as a table</summary>{rows}</details>"


def _failures(race: Race) -> str:
    lines = "".join(f"<li>{escape(failure)}</li>" for failure in race.failures)
    return f"<h2>Failed repetitions</h2>\n<ul>{lines}</ul>" if lines else ""


def _how_to_go_on(run: Mapping[str, Any]) -> str:
    return f"<h2>Again</h2>\n<pre>{escape(command_line(run))}</pre>" if run.get("argv") else ""
