"""What is said of a folder or a file that is given as a MODEL and is none, though something of nasbench lies there."""

import shlex
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.preprocessing import FILE
from nasbench.core.shown import sentence
from nasbench.core.store import SUPERNET_FOLDER, RunStore
from nasbench.core.trial_of_run import weights_file, weights_number

EXPORTED = ("model.py", "weights.safetensors", "model.onnx", "model.pt2")
"""The files of an export."""
RUN_FILE = "run.json"
RETURN_NO_NETWORK = {
    "race": "which compares strategies and keeps no network. Give the run of a search, or an architecture.json.",
    "fidelity": "which ranks cheap scores and keeps no network. Give the run of a search, or an architecture.json.",
    "compare": "which has several networks and returns none of them. Name one: RUN#N, N being a trial of its report.",
}
"""Command -> what is said where its run is given as a MODEL."""


def no_specification(folder: Path) -> UsageError:
    """The error for a folder without any file that says which network it holds."""
    if (folder / RUN_FILE).exists():
        return _unfinished(folder)
    if any((folder / name).exists() for name in EXPORTED):
        return UsageError(
            f"the export in {folder} has no {FILE} and no architecture.json, because its weights were not trained by "
            "nasbench 0.2.0 or later in the form that was exported. Give the MODEL that it was written from, or train "
            "that and export it again."
        )
    return UsageError(
        f"{folder} has no best/architecture.json: it is no run directory of a search or a training, or nothing "
        "has ended there yet. Trainings lie in folders of their own, under runs/trained."
    )


def of_supernet(folder: Path) -> UsageError | None:
    """The error for the run of a supernet, which is no network by itself; None for any other folder."""
    for run in (folder, folder.parent) if folder.name == SUPERNET_FOLDER else (folder,):
        if (run / RUN_FILE).exists():
            try:
                record = RunStore.read_record(run)
            except UsageError:
                return None
            if record.get("command") == "supernet":
                space = str((record.get("config") or {}).get("space") or "SPACE")
                return UsageError(
                    f"{run} holds a supernet, the shared weights of a space, and no network by itself; search it with: "
                    f"nasbench search --space {shlex.quote(space)} --evaluator {shlex.quote(f'supernet:{run}')}"
                )
    return None


def is_a_file(file: Path, specification: Path | None) -> UsageError:
    """The error for a file that is no architecture.json. `specification` is that of its folder, if there is one."""
    instead = (
        f"give the folder that it lies in, {file.parent}"
        if specification is not None
        else "give a run directory, the folder of a training or of an export, or an architecture.json"
    )
    return UsageError(f"{file} is a file, and no architecture.json: {instead}")


def _unfinished(folder: Path) -> UsageError:
    """The error for a run whose best network is not written yet. It names the best of the trials with weights."""
    try:
        store = RunStore.read(folder)
    except UsageError as error:
        return UsageError(f"{folder} is a run directory that cannot be read: {sentence(error)}")
    command = store.run.get("command")
    if command in RETURN_NO_NETWORK:
        return UsageError(f"{folder} is a run of nasbench {command}, {RETURN_NO_NETWORK[command]}")
    if store.run.get("ended") and not any(trial.scored for trial in store.trials):
        return UsageError(f"the run in {folder} has ended without a network: no trial of it succeeded")
    again = f"nasbench {command} --run {shlex.quote(str(folder))} --resume"
    kept = [trial for trial in store.trials if trial.scored and weights_file(folder, weights_number(trial)).exists()]
    best = max(kept, key=lambda trial: (trial.epochs, trial.score or 0.0, -trial.number), default=None)
    named = f", or name a trial: {folder}#{best.number} is the best so far that has its weights" if best else ""
    return UsageError(
        f"the run in {folder} has not written its best network: that comes at its end. Go on with {again}{named}."
    )
