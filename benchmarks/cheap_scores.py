"""Cheap scores on NAS-Bench-201 beside the published figures, written to docs/cheap_scores.md.

    nasbench fidelity --scores proxy:synflow,proxy:naswot,proxy:jacob_cov,proxy:grad_norm,proxy:snip,proxy:fisher,proxy:zico,proxy:az-nas,proxy:params,proxy:macs --sample 1000 --run runs/proxies
    nasbench fidelity --scores proxy:params,proxy:macs --sample 15625 --run runs/counts
    python benchmarks/cheap_scores.py runs/proxies runs/counts

The truth is the test accuracy after 200 epochs on CIFAR-10, networks are at the published size (N = 5, C = 16).
"""  # noqa: E501

import argparse
import json
from pathlib import Path

from nasbench.core.store import RunStore
from nasbench.report.common.ranking_shown import HEADINGS, cell
from nasbench.report.fidelity.results import Fidelity, Standing
from nasbench.report.fidelity.tables import cost

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "cheap_scores.json"
PAGE = ROOT / "docs" / "cheap_scores.md"
IMAGE = ROOT / "docs" / "img" / "cheap_scores.svg"
FAR = 0.05
"""A correlation farther than this from the published one is marked."""

PUBLISHED: dict[str, tuple[float | None, float, str]] = {
    "az-nas": (0.741, 0.913, "3,000 networks, AZ-NAS's notebook"),
    "zico": (0.61, 0.80, "ZiCo, table 1"),
    "params": (0.57, 0.75, "ZiCo, table 1"),
    "macs": (0.54, 0.73, "ZiCo, table 1: FLOPs"),
    "synflow": (0.54, 0.73, "ZiCo, table 1"),
    "naswot": (None, 0.77, "1,000 networks, NAS-Bench-Suite-Zero, figure 2"),
    "jacob_cov": (0.61, 0.73, "rho: zero-cost-nas, all; tau: Ning et al."),
    "grad_norm": (0.46, 0.63, "ZiCo, table 1; rho 0.58 in NAS-Bench-Suite-Zero, 0.59 in zero-cost-nas"),
    "snip": (0.46, 0.63, "ZiCo, table 1; rho 0.58 in NAS-Bench-Suite-Zero, 0.60 in zero-cost-nas"),
    "fisher": (0.40, 0.55, "ZiCo, table 1; rho 0.50 in NAS-Bench-Suite-Zero, 0.36 in zero-cost-nas"),
}
"""Proxy -> (tau, rho, source) on CIFAR-10: all 15,625 networks, unless the source says otherwise."""
SHOWN = ("tau_upper_half", "tau_top_tenth", "p_at_top5", "pick_rank")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="run directories of nasbench fidelity")
    stores = [RunStore.read(directory) for directory in parser.parse_args().runs]
    found = [Fidelity.of(store.run, store.trials) for store in stores]
    RESULTS.write_text(json.dumps([each.to_json() for each in found], indent=1) + "\n")
    versions, hardware = stores[0].run["versions"], stores[0].run["hardware"]
    machine = f"{hardware.get('cpu', 'CPU')}, one thread; torch {versions['torch']}, Python {versions['python']}"
    lines = [
        "# Cheap scores on NAS-Bench-201",
        "",
        f"`benchmarks/cheap_scores.py` writes this page. {machine}. CIFAR-10, networks at initialisation under seed 0,",
        "N = 5, C = 16; the truth is the test accuracy after 200 epochs. Brackets hold 95 % of bootstrap samples. A",
        "published figure outside of them that is farther than 0.05 away is marked with *.",
    ]
    for each in found:
        if each is found[0]:
            lines += ["", "![The truth against the place by each score](img/cheap_scores.svg)"]
        which = "All" if each.count == each.known else f"{each.count:,}, drawn at random, of"
        lines += ["", f"## {which} {each.known:,} networks", "", *_table(each), ""]
        lines += [f"- {line}" for line in each.verdicts()]
    PAGE.write_text("\n".join(lines) + "\n")
    IMAGE.write_text((stores[0].directory / "scores.svg").read_text())


def _table(fidelity: Fidelity) -> list[str]:
    names = ["proxy", "tau", "published", "Spearman", "published", *(HEADINGS[name] for name in SHOWN)]
    rows = [[*names, "CPU time a network", "failed", "source of the published figures"]]
    for each in fidelity.standings:
        tau, rho, source = PUBLISHED[each.name.removeprefix("proxy:")]
        row = [each.name.removeprefix("proxy:"), *_beside(each, "tau", tau), *_beside(each, "spearman", rho)]
        row += [" ".join(cell(name, each.measures[name])).strip() for name in SHOWN]
        rows.append([*row, cost(each.seconds), str(each.failed or "–"), source])
    random = [" ".join(cell(name, fidelity.chance[name])).strip() for name in ("tau", "spearman", *SHOWN)]
    rows.append(["random choice", random[0], "", random[1], "", *random[2:], "", "", ""])
    rows.insert(1, ["---"] * len(rows[0]))
    return [f"| {' | '.join(row)} |" for row in rows]


def _beside(standing: Standing, name: str, published: float | None) -> tuple[str, str]:
    """Ours with its interval, and the published figure, marked where the two do not agree."""
    found = standing.measures[name]
    ours = " ".join(cell(name, found)).strip()
    if published is None or found.value is None or found.low is None or found.high is None:
        return ours, "–"
    far = abs(found.value - published) > FAR and not found.low <= published <= found.high
    return ours, f"{published:.2f}{'*' if far else ''}"


if __name__ == "__main__":
    main()
