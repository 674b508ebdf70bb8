"""The search for coefficients from the command line."""

import json

import pytest

from nasbench import scale
from nasbench.cli import main
from nasbench.engine.scaling.search import ScaleSearchResult


@pytest.mark.slow
def test_the_command_line(tmp_path, capsys):
    run = str(tmp_path / "run")
    flags = [
        "--base",
        "mobilenet_v1",
        "--dataset",
        "digits",
        "--image-size",
        "12",
        "--recipe",
        "unit.test_scale_search:TINY",
        "--device",
        "cpu",
    ]
    search = [
        "scale",
        "--search",
        *flags,
        "--trials",
        "3",
        "--seeds",
        "2",
        "--front-runners",
        "1",
        "--wandb",
        "off",
        "--run",
        run,
    ]
    assert main([*search, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["run"], record["trials"], record["phi"]) == (run, 3 + 2 * 5 - 1, 1.0)
    assert record["stages"]
    assert main(["scale", "--coefficients", run, "--phi", "2", "--json"]) == 0
    scaled = json.loads(capsys.readouterr().out)
    assert [scaled[name] for name in ("alpha", "beta", "gamma")] == [
        record[name] for name in ("alpha", "beta", "gamma")
    ]
    assert main(["scale", "--run", run, "--resume"]) == 0
    assert f"use them:     nasbench scale --coefficients {run} --base mobilenet_v1 --phi 3" in capsys.readouterr().out
    assert main(["scale", "--coefficients", run, "--phi", "2"]) == 0
    assert f"found for mobilenet_v1 on digits under unit.test_scale_search:TINY ({run})" in capsys.readouterr().out
    assert main(search) == 2
    assert "already holds a run" in capsys.readouterr().err
    assert main(["scale", "--run", run, "--resume", "--trials", "5"]) == 2
    assert "--trials 5 contradicts the run" in capsys.readouterr().err
    assert main(["report", run]) == 0
    assert isinstance(scale(run=run, resume=True), ScaleSearchResult)
