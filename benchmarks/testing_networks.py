"""Writes docs/testing_networks.md: what trained networks are tested with, and what else they give, on two data sets.

    python benchmarks/testing_networks.py --photos PATH/imagenette-mini

Every command of the page is run as it stands there, in the current directory; trainings that are finished are read from
runs/trained. The photographs are a folder of classes, train/<class> and val/<class>, to which a link named
imagenette-mini is left: texts and pictures name that, and no path of a machine.
"""

import argparse
import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.cli import main

DOCS = Path(__file__).parents[1] / "docs"
VIEWS = ("center", "10", "multiscale", "dense")


@dataclass(frozen=True)
class Case:
    """A network on a data set. `flags` are those of its training."""

    name: str
    network: str
    dataset: str
    flags: tuple[str, ...]
    features: bool = True


def run(words: list[str]) -> dict[str, Any]:
    """The JSON that a command prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main([*words, "--json"])
    if status:
        raise SystemExit(f"nasbench {' '.join(words)} ended with status {status}")
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def percent(share: float, deviation: float | None = None) -> str:
    return f"{100 * share:.2f}" + ("" if deviation is None else f" ± {100 * deviation:.2f}")


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def told(words: list[str]) -> str:
    return "    nasbench " + " ".join(words)


def page_of(case: Case) -> str:
    """The section of a case."""
    train = ["train", case.network, "--dataset", case.dataset, *case.flags, "--ensemble", "--wandb", "off"]
    base = [*train, "--run", case.name]
    shutil.rmtree(case.name, ignore_errors=True)
    tested = {"center": run(base), **{views: run([*train, "--views", views]) for views in VIEWS[1:]}}
    weighted = run([*train, "--ensemble-weights", "validation"])
    rows = [
        [views, percent(each["test_accuracy"], each["std"]), percent(each["ensemble"]["test_accuracy"])]
        for views, each in tested.items()
    ]
    seeds = tested["center"]["seeds"]
    shares = ", ".join(f"{share:.2f}" for share in weighted["ensemble"]["weights"])
    parts = [
        f"## {case.network} on {case.dataset.removeprefix('folder:')}",
        f"{told(base)}\n{told([*train, '--views', '10'])}    # and multiscale, dense",
        table(["views", f"test accuracy, %, {seeds} seeds", f"the {seeds} seeds together, %"], rows),
        f"{told([*train, '--ensemble-weights', 'validation'])}\n\nWeighted by validation, the seeds together reach "
        f"{percent(weighted['ensemble']['test_accuracy'])} %, with the weights {shares}.",
    ]
    return "\n\n".join([*parts, *(_features(case) if case.features else [])])


def _features(case: Case) -> list[str]:
    picture = f"stages_{case.name}.svg"
    probe = ["features", case.name, "--dataset", case.dataset, "--probe", "--knn", "--plot", picture]
    stages = run(probe)["stages"]
    shutil.copy(picture, DOCS / "img" / picture)
    rows = [
        [each["layer"], " x ".join(map(str, each["output"])), percent(each["probe"]), percent(each["knn"])]
        for each in stages
    ]
    export = ["export", case.name, "--fold", "--quantize", "int8", "--dataset", case.dataset, "--out", f"{case.name}-8"]
    shutil.rmtree(f"{case.name}-8", ignore_errors=True)
    shipped = run(export)
    found = shipped["quantized"]
    kept = len(shipped["kept_normalisations"])
    sizes = [f"{found[f'{kind}_bytes'] / 1e6:.2f} MB" for kind in ("float", "int8")]
    return [
        told(probe),
        table(["stage", "output", "linear probe, %", "5 nearest neighbours, %"], rows),
        f"![Accuracy by stage](img/{picture})",
        told(export),
        table(
            ["ONNX", "test accuracy, %", "file"],
            [
                ["float32, folded", percent(found["float_accuracy"]), sizes[0]],
                ["int8, static", percent(found["int8_accuracy"]), sizes[1]],
            ],
        ),
        f"Folding leaves {kept} normalisations, and changes no output by more than {shipped['checked']['fold']:.1e} of "
        f"the largest; {found['calibration_images']} training images calibrate.",
    ]


def fusion_of(networks: tuple[str, ...], dataset: str, flags: tuple[str, ...]) -> str:
    """The section of several networks together, equally and weighted by validation."""
    equal = ["compare", *networks, "--dataset", dataset, *flags, "--ensemble", "--wandb", "off"]
    weighted = [*equal, "--ensemble-weights", "validation"]
    rows = [*run(equal)["rows"], run(weighted)["rows"][-1]]
    return "\n\n".join(
        [
            f"## {', '.join(networks)} together, on {dataset.removeprefix('folder:')}",
            f"{told(equal)}\n{told(weighted)}",
            table(
                ["networks", f"test accuracy, %, {rows[0]['seeds']} seeds"],
                [[row["model"], percent(row["mean"], row["std"])] for row in rows],
            ),
        ]
    )


HEAD = """# How networks are tested, and what else they give

`benchmarks/testing_networks.py` writes this page, and runs every command on it.

Class probabilities are averaged over the views of an image (`nasbench/train/views.py` has the sources):

- `center`: the image as in validation.
- `10`: the image at 8/7 of the network's side (256 for 224), its four corners and its centre, and the same
  mirrored.
- `multiscale`: those ten at 8/7, 9/7, 10/7 and 11/7 of the side.
- `dense`: the whole image at 8/7, and mirrored, through the fully convolutional form of the network. Transformers
  and MLPs over patches have none, and are refused.

A training is not repeated for other views: its weights are tested anew, and the result lies beside them. Mirrored
and enlarged views help where classes look the same mirrored and where the training showed images so (random crops
and flips). Digits are neither, and their accuracy falls: views are a part of the recipe, not a gift. The ensemble
weights maximise the likelihood of the validation labels.

A linear probe is a logistic regression on the features of one stage, averaged over their places; its penalty is
chosen on validation images.

The schedule `plateau` falls when a metric stops to improve (`lr_metric`, `lr_patience`, `lr_gamma`), with the rule
of PyTorch's ReduceLROnPlateau. The recipes `alexnet`, `vgg` and `resnet_plateau` have it; `googlenet` falls by 4 %
every 8 epochs. The networks below are too small, and trained for too short, to say anything of the papers' figures.
"""


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", required=True, help="a folder of classes, train/<class> and val/<class>")
    return parser.parse_args()


if __name__ == "__main__":
    link, photos = Path("imagenette-mini"), Path(parsed().photos).resolve()
    if not link.exists():
        link.symlink_to(photos)
    short = ("--recipe", "quick", "--epochs", "8", "--seeds", "3")
    photographed = ("--image-size", "32", "--recipe", "photo_fast", "--epochs", "10", "--seeds", "2")
    sections = [
        page_of(Case("digits", "resnet20", "digits", short)),
        page_of(Case("digits-lenet", "lenet5", "digits", short, features=False)),
        page_of(Case("photos", "resnet20", f"folder:{link}", photographed)),
        fusion_of(("resnet20", "lenet5"), "digits", short),
        fusion_of(("resnet20", "lenet5"), f"folder:{link}", photographed),
    ]
    (DOCS / "testing_networks.md").write_text("\n\n".join([HEAD.rstrip(), *sections]) + "\n", encoding="utf-8")
