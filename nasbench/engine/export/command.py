"""`nasbench export`: writes a network to files that do not need nasbench, and checks each file against the network."""

import importlib.util
import os
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from nasbench.blank import blank
from nasbench.core.compound import Multipliers
from nasbench.core.errors import UsageError, unknown
from nasbench.core.file_name import check_path, file_name
from nasbench.core.not_written import check_writable
from nasbench.core.part_file import sweep_parts
from nasbench.core.preprocessing import FILE, Preprocessing, read_preprocessing, write_preprocessing
from nasbench.core.spec import ModelSpec
from nasbench.core.trial_of_run import split
from nasbench.core.writing import files_together, make_folder, write_json
from nasbench.engine.config import ExportConfig, ModelOverrides
from nasbench.engine.export import quantized
from nasbench.engine.export.formats import CPU, FORMATS, ExportJob, folded, write_and_check
from nasbench.engine.parts.models import build, is_of_run, resolve, weights_of
from nasbench.engine.parts.preprocess_source import with_preprocessing
from nasbench.engine.parts.scaled import compound_scale
from nasbench.engine.parts.source import source_of
from nasbench.evaluators.building import build_seeded, check_memory
from nasbench.train.checkpoint import put_weights
from nasbench.train.device import isolated_rng
from nasbench.train.source import DataSource

METRICS = "metrics.json"
"""What a quantisation came to, beside its file."""


@dataclass(frozen=True)
class ExportResult:
    """The written files.

    `checked`: format -> largest difference between the outputs of the file and the network, divided by the largest
    output. `skipped`: format -> the reason why it was left out; only formats that were not requested by name.
    `quantized`: what came of it, if it was asked for: accuracies and sizes before and after.
    `kept_norms`: normalisations that were not folded, by name, if folding was asked for; else None.
    `no_preprocessing`: why the folder has no preprocessing.json and so classifies no images; empty where it has one.
    """

    spec: ModelSpec
    weights: str
    files: dict[str, Path]
    checked: dict[str, float]
    skipped: dict[str, str]
    no_preprocessing: str = ""
    quantized: dict[str, Any] | None = None
    kept_norms: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench export --json` prints."""
        return {
            "files": {name: str(path) for name, path in self.files.items()},
            "checked": self.checked,
            "skipped": self.skipped,
            "weights": self.weights,
            "spec": self.spec.to_json(),
            **({} if self.kept_norms is None else {"kept_normalisations": list(self.kept_norms)}),
            **({} if self.quantized is None else {"quantized": self.quantized}),
        }


def export(config: ExportConfig) -> ExportResult:
    """Writes the requested formats.

    Raises UsageError for bad input, RunFailed if a format fails its check, NotWritten if the disk refuses a file. In
    all cases no file is written.
    """
    config.check()
    names = _formats(config.formats)
    if config.quantize:
        _check_packages("int8", FORMATS["onnx"].packages, "Or leave out --quantize.")
    spec = specify(config)
    with blank():
        check_memory(build(spec))  # raises an error now if the size is invalid
    skipped: dict[str, str] = {}
    source = ""
    if "model.py" in names:
        try:
            source = source_of(spec)
        except UsageError as error:
            if config.formats:
                raise
            skipped["model.py"] = str(error)
            names = [name for name in names if name != "model.py"]
    folder = Path(config.out) if config.out else Path("export") / _name(config.network)
    asked = [FORMATS[name].file for name in names] + ([quantized.FILE, METRICS] if config.quantize else [])
    _check_folder(folder, asked, config.overwrite)
    stored = weights_of(config.network)
    fits = stored is not None and spec == resolve(config.network, ModelOverrides())
    preprocessing = read_preprocessing(stored.parent) if stored is not None and fits else None
    source = with_preprocessing(source, preprocessing) if source else ""
    network = build_seeded(spec, config.seed).eval()
    if stored is not None and fits:
        put_weights(network, stored)
        weights = str(stored)
    else:
        gone = "; the run has no weights of it" if is_of_run(config.network) else ""
        why = f"; those in {stored} are of another form" if stored else gone
        weights = f"newly initialised from seed {config.seed}{why}"
    images = None
    if config.quantize:
        if not fits:
            raise UsageError(
                f"--quantize needs trained weights, whose accuracy it measures; those of {config.network} are {weights}"
            )
        images = _quantization_images(config, spec, preprocessing)
    job = ExportJob(network, spec.seen_task, source, config.batch, preprocessing)
    made = _write_all(names, job, folder, spec, None if fits else config.seed, config.fold, images)
    files = {name: folder / FORMATS[name].file for name in names}
    if made.quantized is not None:
        files["int8"] = folder / quantized.FILE
    no_record = _no_record(preprocessing, stored if fits else None)
    return ExportResult(spec, weights, files, made.checked, skipped, no_record, made.quantized, made.kept_norms)


def _quantization_images(
    config: ExportConfig, spec: ModelSpec, preprocessing: Preprocessing | None
) -> quantized.Images:
    assert config.dataset is not None
    source = DataSource(config.dataset, config.data_dir)
    source.check()
    return quantized.Images.of(source, spec, preprocessing.seen if preprocessing is not None else None)


def _no_record(preprocessing: Preprocessing | None, trained: Path | None) -> str:
    """Why an export has no preprocessing record; empty where it has one. `trained` are the weights that it holds."""
    if preprocessing is not None:
        return ""
    return f"there is none beside {trained}" if trained is not None else "its weights are not trained"


def _write_records(folder: Path, spec: ModelSpec, preprocessing: Preprocessing) -> None:
    """What makes the folder a MODEL that classifies images: which network it holds, and how images are shown to it."""
    write_json(folder / "architecture.json", spec.to_json())
    write_preprocessing(folder, preprocessing)


def specify(config: ExportConfig) -> ModelSpec:
    """The requested network, with the overrides of `config` applied first and its multipliers second."""
    spec = resolve(config.network, config.overrides)
    asked = (config.depth, config.width, config.resolution)
    if asked == (None, None, None):
        return spec
    return compound_scale(spec, Multipliers(*(1.0 if each is None else each for each in asked)))


def _formats(asked: Sequence[str]) -> list[str]:
    """The requested formats; all if none is requested. Raises UsageError for an unknown name or a missing package."""
    names = list(dict.fromkeys(name for text in asked for name in text.split(",") if name)) or list(FORMATS)
    for name in names:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
        others = ",".join(other for other in FORMATS if not FORMATS[other].packages)
        _check_packages(name, FORMATS[name].packages, f"Or leave it out: --formats {others}")
    return names


def _check_packages(name: str, packages: Sequence[str], instead: str) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise UsageError(f"the format {name!r} needs {', '.join(missing)}: pip install 'nasbench[export]'. {instead}")


def _name(model: str) -> str:
    """The folder name of a MODEL: the last part of its name, which is never a way out of `export/`."""
    directory, which = split(model)
    path = Path(directory)
    last = (
        Path(os.path.abspath(path)).name if os.path.isdir(path) else path.stem if path.suffix == ".json" else path.name
    )
    name = last.rpartition(":")[2] + ("" if which is None else f"-{which}")
    return file_name(name.replace("#", "-") or "model", "Say where the files are to lie, with --out DIR.")


def _check_folder(folder: Path, files: Sequence[str], overwrite: bool) -> None:
    check_path(str(folder), "--out")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a directory")
    check_writable(folder, "--out")
    there = [file for file in files if (folder / file).exists()]
    if there and not overwrite:
        raise UsageError(
            f"{folder} already holds {', '.join(there)}. Choose another --out, or replace them with --overwrite."
        )


@dataclass(frozen=True)
class _Made:
    """What was written: see `ExportResult`."""

    checked: dict[str, float]
    quantized: dict[str, Any] | None
    kept_norms: tuple[str, ...] | None


def _write_all(
    names: Sequence[str],
    job: ExportJob,
    folder: Path,
    spec: ModelSpec,
    fresh_seed: int | None,
    folds: bool,
    images: quantized.Images | None,
) -> _Made:
    """Writes and checks all formats in a temporary folder, then moves them to `folder` with the records of trained
    weights. If one fails, `folder` is unchanged.

    `fresh_seed` is the seed of newly initialised weights, or None. The batch normalisations of fresh weights are almost
    the identity and would hide errors. So a copy with random statistics is written and checked first. `folds`: the
    graphs are of the folded network. `images`: quantise it too.
    """
    jobs = [job]
    if fresh_seed is not None:
        jobs.insert(0, replace(job, network=with_random_bn_stats(job.network, fresh_seed)))
    checked = dict.fromkeys(names, 0.0)
    kept_norms: tuple[str, ...] | None = None
    measured: dict[str, Any] | None = None
    make_folder(folder.parent, parents=True)
    sweep_parts(folder.parent)
    with files_together(folder, stale=() if job.preprocessing else (FILE,)) as part:
        for each in jobs:
            graph = each
            if folds or images is not None:
                graph, kept_norms, difference = folded(each)
                checked["fold"] = max(checked.get("fold", 0.0), difference)
            for name in names:
                source = graph if folds and FORMATS[name].is_graph else each
                checked[name] = max(checked[name], write_and_check(name, source, part / FORMATS[name].file))
            if images is not None:
                measured = _quantize(graph, part, images)
        if measured is not None:
            write_json(part / METRICS, measured)
        if job.preprocessing is not None:
            _write_records(part, spec, job.preprocessing)
    return _Made(checked, measured, kept_norms)


def _quantize(job: ExportJob, part: Path, images: quantized.Images) -> dict[str, Any]:
    """Writes model.int8.onnx into `part`. The file that it is made from is written beside it, and does not stay."""
    with tempfile.TemporaryDirectory(dir=part.parent) as name:
        whole = Path(name) / "float.onnx"
        write_and_check("onnx", job, whole)
        return quantized.quantize(whole, part / quantized.FILE, job.network, images, job.batch)


def with_random_bn_stats(network: nn.Module, seed: int) -> nn.Module:
    """A copy with random statistics, scales and shifts in its batch normalisations: none has its initial value."""
    copy = deepcopy(network)
    with isolated_rng(CPU, seed), torch.no_grad():
        for module in copy.modules():
            if isinstance(module, _BatchNorm) and module.running_mean is not None and module.running_var is not None:
                module.running_mean.normal_(0.0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                if module.affine:
                    module.weight.uniform_(0.5, 1.5)
                    module.bias.normal_(0.0, 0.1)
    return copy
