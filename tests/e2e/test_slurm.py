"""The Slurm script, with a stub of `srun` and `scontrol` that starts what they are given on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "cluster" / "search.sbatch"
STUBS = {
    "scontrol": "#!/bin/sh\nprintf '127.0.0.1\\n127.0.0.1\\n'\n",
    "srun": '#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\necho "$@" >> "$SRUN_LOG"\nexec "$@"\n',
    "nasbench": f'#!/bin/sh\nexec {sys.executable} -m nasbench "$@"\n',
}
SPACE = ["--space", "nasbench201", "--evaluator", "table:nasbench201-cifar10", "--strategy", "random", "--wandb", "off"]


def job(folder: Path, *flags: str) -> "subprocess.Popen[str]":
    """The script as a batch job of two nodes, whose home is `folder`."""
    stubs = folder / "stubs"
    stubs.mkdir(exist_ok=True)
    for name, text in STUBS.items():
        (stubs / name).write_text(text)
        (stubs / name).chmod(0o755)
    slurm = {"SLURM_JOB_NODELIST": "here[1-2]", "SLURM_JOB_ID": str(os.getpid()), "SLURM_CPUS_PER_TASK": "1"}
    path = os.pathsep.join([str(stubs), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **slurm, "PATH": path, "HOME": str(folder), "SRUN_LOG": str(folder / "srun.log")}
    command = ["bash", str(SCRIPT), str(folder / "run"), *flags]
    with open(folder / "job.log", "a") as told:
        return subprocess.Popen(command, env=environment, stdout=told, stderr=told, text=True, cwd=folder)


def lines(folder: Path) -> list[str]:
    log = folder / "run" / "trials.jsonl"
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.slow
def test_a_job_searches_is_told_that_its_time_is_up_and_goes_on_when_it_is_requeued(tmp_path):
    first = job(tmp_path, *SPACE, "--trials", "4000")
    end = time.monotonic() + 300
    while len(lines(tmp_path)) < 20:
        assert first.poll() is None, (tmp_path / "job.log").read_text()
        assert time.monotonic() < end, (tmp_path / "job.log").read_text()
        time.sleep(0.2)
    first.send_signal(signal.SIGTERM)
    told = (tmp_path / "job.log").read_text
    assert first.wait(120) == 130, told()
    assert "2 nodes" in told()
    assert "--resume" in told()
    assert not list(tmp_path.glob(".nasbench-ray-*")), "the token is gone"
    kept = lines(tmp_path)
    starts = (tmp_path / "srun.log").read_text().splitlines()
    assert starts[0].startswith("ray start --head ")
    assert starts[1].startswith("ray start --address=127.0.0.1:")

    second = job(tmp_path)
    while len(lines(tmp_path)) < len(kept) + 20:
        assert second.poll() is None, told()
        time.sleep(0.2)
    second.send_signal(signal.SIGTERM)
    assert second.wait(120) == 130, told()
    numbers = [json.loads(line)["number"] for line in lines(tmp_path)]
    assert lines(tmp_path)[: len(kept)] == kept
    assert len(numbers) == len(set(numbers))
