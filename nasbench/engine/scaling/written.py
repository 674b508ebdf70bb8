"""`nasbench scale --out FILE`: the scaled model as a file that every command takes for a MODEL."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.core.errors import UsageError
from nasbench.core.json_file import read_object
from nasbench.core.not_written import check_new_file
from nasbench.core.scaled_file import KIND, VERSION
from nasbench.core.writing import write_json

if TYPE_CHECKING:
    from nasbench.engine.scaling.law_rows import LawComparison
    from nasbench.engine.scaling.result import ScaleResult

FIELDS = (
    "base",
    "law_name",
    "row",
    "phi",
    "alpha",
    "beta",
    "gamma",
    "depth",
    "width",
    "resolution_multiplier",
    "resolution",
    "rounding",
    "dropout",
    "drop_path",
    "params",
    "macs",
    "spec",
)


def check_out(file: Path) -> None:
    """UsageError, before any work, for a name that is no .json, for a folder, and for a file of another kind."""
    if file.suffix != ".json":
        raise UsageError(f"--out takes the name of a .json file, such as scaled.json; got {str(file)!r}")
    check_new_file(file, "--out", "scaled.json")
    if file.exists():
        try:
            kind = read_object(file, "scaled model of nasbench").get("kind")
        except UsageError as error:
            raise UsageError(f"--out would overwrite {file}, which is no scaled model: {error}") from error
        if kind != KIND:
            raise UsageError(
                f"--out would overwrite {file}, which is no scaled model of nasbench scale --out. Give another name, "
                "or delete it."
            )


PLOTS = (".svg", ".png")


def check_plot(file: Path) -> None:
    """UsageError, before any work, for a plot that cannot be written there."""
    if file.suffix not in PLOTS:
        raise UsageError(
            f"--out of several laws is their plot: a file that ends in {' or '.join(PLOTS)}; got {str(file)!r}. A "
            "scaled model is written for one law."
        )
    check_new_file(file, "--out", "laws.svg")


def write_plot(file: Path, found: "LawComparison") -> None:
    """The plot of laws side by side."""
    from nasbench.report.common.figure_file import write_figure
    from nasbench.report.scaling.laws import laws_figure

    write_figure(laws_figure(found.to_json()["rows"], found.base), file, "laws")


def write_scaled(file: Path, result: "ScaleResult") -> None:
    """Writes the file: what the model was scaled from and by, what came of it, and its specification."""
    told = result.to_json()
    record: dict[str, Any] = {"kind": KIND, "version": VERSION, **{name: told[name] for name in FIELDS}}
    write_json(file, record)
