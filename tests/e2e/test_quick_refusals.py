"""Wrong names, paths and numbers, and missing data, are answered without what a command needs to run: no torch, no Ray,
no plots; and several wrong names at once.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench.cli import main

WRONG = """
search --space nasnt
search --strategy pppo
search --dataset cifar11
search --recipe quik
search --evaluator trian
search --evaluator table:
search --evaluator table:none.csv --space nasbench201
search --evaluator table:nasbench201-cifar100 --space nasbench201
search --pruner medan
search --trials 0
search --workers -1
search --max-macs few
search --target-macs lots
search --objectives speed
search --retrain-top 3
search --resume --run none
search --candidates table
search --time-budget 5
search --space no_such_module:Space
search --space json:JSONDecode
train zoo:vgg17
train
train lenet5 --recipe quik
train lenet5 --epochs 0
train lenet5 --dataset cifar11
compare lenet5 nin --seeds 0
compare lenet5
scale --alpha 5
scale --coefficients none
compare lenet5 nin --recipe quik
transfer lenet5 --accumulate 0
transfer lenet5 --dataset cifar11
scale --phi nan
scale --phi 1 --target-macs 1G
scale --depth -1
scale --trials 3
scale --run x
scale --published b3 --dims depth
race --strategies random
race --trials 3 --time-budget 3
race --trials 3 --strategies pppo
race --trials 3 --strategies random,random
race --trials 3 --evaluator table:none.csv
race --trials 3 --space nope
search --evaluator proxy:synflo
search --evaluator proxy:az-nas
search --evaluator proxy:naswot
fidelity --scores proxy:synflo,epochs:0
fidelity --scores synflow
fidelity --truth none
fidelity --scores proxy:naswot --dataset mnist --data-dir none
supernet --space nasnt
supernet --sampler unifrom
supernet --recipe supernett --dataset digits
supernet --dataset mnist --data-dir none
profile zoo:vgg17
profile no_such.json
profile vgg16 --image-size 0
profile lenet5 --csv none/a.csv
export zoo:vgg17
export none
report none
zoo vgg17
list things
search --space nasnet
search --dataset folder
search --dataset folder:none
search --dataset imagenet --data-dir none
search --dataset mnist --data-dir none
train lenet5
train lenet5 --dataset fashion-mnist
transfer lenet5 --dataset cifar100
compare lenet5 nin --dataset folder:none --seeds 2
scale --phi 1 --train
scale --search
train lenet5 --dry-run
serch
"""

DRIVER = """
import contextlib, io, sys
from nasbench.cli import main

for line in sys.stdin.read().split("\\n"):
    told, status = io.StringIO(), None
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
        try:
            status = main(line.split()) if line else 2
        except SystemExit as stop:  # the flag parser's own way out
            status = stop.code
    heavy = sorted({"torch", "ray", "optuna", "matplotlib", "wandb", "timm"} & set(sys.modules))
    if status != 2 or heavy or "Traceback" in told.getvalue():
        sys.exit(f"{line}: status {status}, imported {heavy}: {told.getvalue()[:500]}")
"""


def test_what_is_wrong_is_answered_without_what_is_heavy(tmp_path: Path) -> None:
    without_data = {**os.environ, "NASBENCH_DATA": "none"}
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=WRONG,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env=without_data,
    )
    assert ended.returncode == 0, ended.stderr[-1000:]
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def test_all_wrong_names_are_told_at_once_and_no_data_is_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {
        "--space": "nasnt",
        "--strategy": "pppo",
        "--evaluator": "trian",
        "--dataset": "cifar11",
        "--recipe": "quik",
        "--pruner": "medan",
        "--executor": "lcal",
        "--track": "wandbb",
    }
    assert main(["search", *(word for pair in wrong.items() for word in pair), "--trials", "0"]) == 2
    told = capsys.readouterr().err
    assert all(f"'{name}'" in told for name in wrong.values()), told
    assert "--trials takes a whole number from 1 on; got 0" in told
    assert "not in" not in told
    assert main(["search", "--strategy", "pppo"]) == 2, "CIFAR-10 is missing here too"
    assert "cifar" not in capsys.readouterr().err


def test_several_strategies_of_a_race_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["race", "--trials", "3", "--strategies", "rndom,random,pppo"]) == 2
    told = capsys.readouterr().err
    assert "'rndom'" in told
    assert "'pppo'" in told
