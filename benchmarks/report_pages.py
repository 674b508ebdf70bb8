"""How large a report is and how long a browser takes to open it, for runs of 1,000 and 20,000 trials.

Made-up trials of the NASNet space (a random architecture and score each, a control, some that failed) are written by
the real store, the report by the real command's function, and headless Chromium opens it. Told are the size of the
page, the CPU seconds of writing the report, the milliseconds from the request to the load event (every chart is drawn
then) as the page's own clock has them, the median of several loads, and those until a dot's card is shown.

    python benchmarks/report_pages.py                    prints a table, writes results/report_pages.json
    python benchmarks/report_pages.py --trials 1000
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from random import Random
from statistics import median
from time import process_time
from typing import Any

from nasbench.core.arch import sample
from nasbench.core.registry import spaces
from nasbench.core.spec import Task
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.opened.report import write_report

RESULTS = Path(__file__).parent / "results" / "report_pages.json"
OPTIONS = {"space": "nasnet", "strategy": "evolution", "objectives": ["val_accuracy", "macs"]}
LOADED = "(() => { const [page] = performance.getEntriesByType('navigation'); return page.loadEventEnd; })()"
HOVER = """(() => {
  const canvas = document.querySelector("#chart-search_curve canvas"), chart = Chart.getChart(canvas);
  const place = chart.data.datasets.findIndex(({ label }) => label === "chosen");
  const dot = chart.getDatasetMeta(place).data[10], box = canvas.getBoundingClientRect();
  const start = performance.now();
  canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + dot.x, clientY: box.top + dot.y }));
  if (!document.querySelector("#card svg")) throw new Error("no card");
  return performance.now() - start;
})()"""


def made_up(directory: Path, count: int) -> RunStore:
    """A run directory with so many trials."""
    space, rng = spaces.get("nasnet")(), Random(0)
    plan = {"source": "space:nasnet", "size": vars(space.default_size), "task": vars(Task()), "epochs": 1}
    store = RunStore.create(directory, {"command": "search", "config": OPTIONS, "plan": plan, "seed": 0})
    for number in range(1, count + 1):
        drawn = sample(space.name, space.choices, rng)
        failed = number % 50 == 0
        score = None if failed else 0.5 + 0.4 * number / count * rng.random()
        metrics: dict[str, Any] = {} if failed else {"val_accuracy": score}
        if not failed:
            metrics |= {"params": rng.randrange(10**6, 10**7), "macs": rng.randrange(10**8, 10**9)}
        note = {"blind": number <= 20, "control": number % 25 == 1, "entropy": 50 - 20 * number / count}
        status, error = ("failed", "loss is nan") if failed else ("ok", None)
        started = "2026-01-01T00:00:00.000+00:00"
        line = (number, drawn, drawn.key, status, score, metrics, 1, 12.5, 0, "local", started, note, error)
        store.append(Trial(*line))  # type: ignore[arg-type]
    store.close()
    return RunStore.read(directory)


def measured(count: int, loads: int, page: Any) -> dict[str, Any]:
    """The figures of one length."""
    with tempfile.TemporaryDirectory() as folder:
        store = made_up(Path(folder) / "run", count)
        start = process_time()
        report = write_report(store)[0]
        seconds = process_time() - start
        opened, shown = [], []
        for _ in range(loads):
            page.open(report.as_uri(), width=1000, height=900)
            opened.append(page.value(LOADED))
            shown.append(page.value(HOVER))
        assert page.complaints == [], page.complaints
        return {
            "trials": count,
            "page_bytes": report.stat().st_size,
            "report_cpu_seconds": round(seconds, 2),
            "open_ms": round(median(opened)),
            "slowest_open_ms": round(max(opened)),
            "card_ms": round(median(shown), 1),
        }


def main() -> None:
    """Prints a line a length, writes them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 20000])
    parser.add_argument("--loads", type=int, default=5)
    given = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests")]
    from e2e.drivers.browser import browser

    with browser() as page:
        rows = [measured(count, given.loads, page) for count in given.trials]
    for row in rows:
        print(json.dumps(row))
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
