"""How measures of a ranking are shown: headings, and cells with intervals."""

from nasbench.report.common.rankings import Estimate

HEADINGS = {
    "spearman": "Spearman",
    "tau": "tau",
    "tau_upper_half": "tau, upper half",
    "tau_top_tenth": "tau, top tenth",
    "p_at_top5": "P@top 5 %",
    "pick_rank": "rank of pick",
}
RANDOM = "random choice"


def cell(name: str, found: Estimate) -> tuple[str, str]:
    """A value and its interval; a dash and nothing where they cannot be told."""
    if found.value is None:
        return "–", ""
    interval = (
        "" if found.low is None or found.high is None else f"[{_text(name, found.low)}, {_text(name, found.high)}]"
    )
    return _text(name, found.value), interval


def _text(name: str, value: float) -> str:
    """A correlation or share with two decimals, a rank as a whole number where it is large."""
    return f"{value:.2f}" if name != "pick_rank" else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
