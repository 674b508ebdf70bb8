"""The files that start a cluster, and the page on it: they can be read, their command lines are taken, and no Ray that
they start is without a token.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from nasbench.cli.completion import CONFIGURATIONS
from nasbench.cli.parse import parse

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "examples" / "cluster").iterdir())
PAGE = ROOT / "docs" / "cluster.md"
PAGES = sorted(each for each in (ROOT / "docs").rglob("*.md") if "ray start" in each.read_text())
POSITIONAL = {"train": "model", "transfer": "model", "export": "model", "compare": "models"}
STARTS = re.compile(r"ray start\b(?!.*printed)")


def commands() -> Iterator[tuple[str, list[str]]]:
    """(file, words after `nasbench`) of every command line; variables of a shell stand for one word."""
    for file in [*FILES, PAGE]:
        text = re.sub(r"\\\n\s*", " ", file.read_text())
        if file.suffix == ".yaml":
            text = re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE)
            entry = yaml.safe_load(text).get("spec", {}).get("entrypoint")
            lines = [entry] if entry else []
        else:
            lines = [line.strip().removesuffix(" &") for line in text.splitlines() if not line.startswith("#")]
            lines = [line for line in lines if file.suffix != ".md" or not line.startswith(("-", "|", "`"))]
        for line in lines:
            found = re.search(r"(?:^|--\s+)nasbench ([a-z]+ .*|doctor)$", line.partition(" || ")[0])
            if found and found[1].split()[0] in CONFIGURATIONS:
                yield file.name, shlex.split(found[1].replace('"$@"', "").replace('"${again[@]}"', ""))


FOUND = list(commands())


def test_the_command_lines_are_found():
    assert {name for name, _ in FOUND} == {"cluster.md", "rayjob.yaml", "search.sbatch", "submit.sh", "torchrun.sbatch"}


@pytest.mark.parametrize(("name", "words"), FOUND, ids=[f"{name}-{words[0]}" for name, words in FOUND])
def test_a_command_line_is_taken(name, words):
    command, *flags = words
    if flags == ["${search[@]}"]:
        flags = [*array("search"), "--space", "nasnet"]
    config = parse(CONFIGURATIONS[command], command, flags, positional=POSITIONAL.get(command))
    if hasattr(config, "trials"):
        assert config.flat()["workers"] == "auto"
        config.changed(run="nowhere").check()


def array(name: str) -> list[str]:
    """The words of an array of search.sbatch."""
    text = (ROOT / "examples" / "cluster" / "search.sbatch").read_text()
    found = re.search(rf"^{name}=\((.*)\)$", text, re.MULTILINE)
    assert found is not None
    return shlex.split(found[1])


@pytest.mark.parametrize(
    "file", [each for each in FILES if each.suffix in (".sh", ".sbatch")], ids=lambda each: each.name
)
def test_a_script_can_be_read_by_bash(file):
    subprocess.run(["bash", "-n", file], check=True)
    assert "set -euo pipefail" in file.read_text()


@pytest.mark.parametrize("file", [*FILES, *PAGES], ids=lambda each: each.name)
def test_no_ray_is_started_without_a_token_and_none_of_others_is_ended(file):
    text = file.read_text()
    if STARTS.search(text) or "ray job submit" in text:
        assert re.search(r"RAY_AUTH_MODE[=: ]+token|RAY_AUTH_MODE=token", text)
    assert "ray stop" not in text
    assert not re.search(r"\b(pkill|killall)\b", text)


@pytest.mark.slow
def test_the_launchers_file_is_one_by_rays_own_check():
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = yaml.safe_load((ROOT / "examples" / "cluster" / "ray-cluster.yaml").read_text())
    starts = config["head_start_ray_commands"] + config["worker_start_ray_commands"]
    assert all(line.startswith("RAY_AUTH_MODE=token ray start ") for line in starts)
    validate_config(prepare_config(config))


def test_the_rayjob_has_a_token_and_mounts_what_it_names():
    job: dict[str, Any] = yaml.safe_load((ROOT / "examples" / "cluster" / "rayjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
        assert container["resources"]["requests"] == container["resources"]["limits"]
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert "/shared" in mounted
    for path in re.findall(r" (/[a-z]+)/", job["spec"]["entrypoint"]):
        assert path in mounted
