"""Whether NVIDIA's MPS runs, by which the kernels of processes that share a GPU run side by side and not in turns."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from nasbench.engine.doctor.finding import Finding

AREA, NAME = "machine", "MPS"
CONTROL = "nvidia-cuda-mps-control"
PIPES, STANDARD_PIPES = "CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps"
ANSWER_SECONDS = 10.0
TURNS = "children that share a GPU take turns on it"


def mps(gpus: int) -> Iterator[Finding]:
    """What its control program says; nothing on a machine without GPUs, unless that program is there or MPS is asked
    for.
    """
    program, asked = shutil.which(CONTROL), os.environ.get(PIPES)
    if program is None:
        if asked:
            there = "" if Path(asked).is_dir() else ", and that is no folder"
            told = f"{PIPES}={asked} asks for it{there}; {CONTROL} is not on the PATH, so nothing says whether it runs"
            remedy = (
                f"Put {CONTROL}, which comes with NVIDIA's driver, on the PATH; or unset {PIPES} where there is no MPS."
            )
            yield Finding(AREA, NAME, "note", told, remedy)
        elif gpus:
            yield Finding(AREA, NAME, "ok", f"not here ({CONTROL} is not on the PATH): {TURNS}")
        return
    pipes = Path(asked or STANDARD_PIPES)
    problem = f"{pipes} is no folder" if not pipes.is_dir() else _silence(program)
    if problem is None:
        yield Finding(AREA, NAME, "ok", f"its control daemon answers in {pipes}: children run side by side on a GPU")
        return
    if pipes.is_dir() and not os.access(pipes, os.W_OK | os.X_OK):
        remedy = f"It is another user's. Start your own, with {PIPES} in a folder of yours."
        yield Finding(AREA, NAME, "broken", f"{pipes} may not be used by this user", remedy)
        return
    remedy = f"Before ray start, on each node: {CONTROL} -d (docs/cluster.md, Several children on a GPU)."
    yield Finding(AREA, NAME, "note", f"no control daemon answers ({problem}): {TURNS}", remedy)


def _silence(program: str) -> str | None:
    """Why the daemon does not answer; None where it does."""
    try:
        done = subprocess.run(
            [program],
            input="get_server_list\n",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no answer for {ANSWER_SECONDS:g} s"
    except OSError as error:
        return f"{program}: {error.strerror}"
    if done.returncode:
        return " ".join((done.stderr or done.stdout).split())[:200] or f"status {done.returncode}"
    return None
