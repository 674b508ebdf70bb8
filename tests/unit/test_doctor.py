"""`nasbench doctor`: each thing that is broken is named, with what to do."""

import json
import resource
from pathlib import Path

import pytest
import torch

from nasbench.cli import main
from nasbench.engine.doctor import machine, packages, places, tracking
from nasbench.engine.doctor.command import DoctorConfig, as_json, examine
from nasbench.engine.doctor.finding import Finding

SECRET = "s3cr3t key"


def broken(found: object) -> list[Finding]:
    return [each for each in found if each.state == "broken"]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _nothing_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "NASBENCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def cifar10(root: Path, leave_out: str = "") -> Path:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name in places.FILES["cifar10"]:
        (folder / name).write_bytes(b"" if name == leave_out else b"1")
    return root


def test_a_machine_without_data_is_told_where_they_go(tmp_path):
    (found,) = broken(places.data(None, tmp_path / "none"))
    assert str(tmp_path / "none") in found.told
    assert "--download" in found.remedy
    assert "--dataset digits" in found.remedy


def test_data_that_are_there_are_listed(tmp_path):
    found = list(places.data("cifar10", cifar10(tmp_path)))
    assert not broken(found)
    assert "cifar10" in found[-1].told


def test_a_data_set_with_an_empty_file_is_incomplete_once(tmp_path):
    (found,) = broken(places.data("cifar10", cifar10(tmp_path, "data_batch_3")))
    assert "data_batch_3 missing or empty" in found.told


@pytest.mark.parametrize("name", ["cifar100", "imagenet", "folder:pictures"])
def test_a_data_set_that_was_asked_for_must_be_there(name, tmp_path):
    (found,) = broken(places.data(name, cifar10(tmp_path)))
    assert found.name == name
    assert found.remedy


def test_digits_need_no_data_directory(tmp_path):
    assert not broken(places.data("digits", tmp_path / "none"))


@pytest.mark.parametrize(("free", "state"), [(2**29, "broken"), (5 * 2**30, "note"), (2**40, "ok")])
def test_room_on_the_disk(free, state, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": free, "total": 2**41})()
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: usage)
    found = next(places.runs(tmp_path / "runs" / "new"))
    assert found.state == state
    assert bool(found.remedy) == (state != "ok")
    assert not list(tmp_path.iterdir()), "nothing is left"


def test_a_disk_that_refuses_what_is_written(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(places.os, "fsync", full)
    found = next(places.runs(tmp_path))
    assert (found.state, found.told) == ("broken", f"{tmp_path} cannot be written: no space left on the device")


@pytest.mark.parametrize("place", ["file/runs", "/proc/runs"])
def test_runs_that_cannot_be_written(place, tmp_path):
    (tmp_path / "file").touch()
    found = next(places.runs(Path(place)))
    assert found.state == "broken"
    assert "--run" in found.remedy


@pytest.mark.parametrize(("package", "version"), [("torch", "1.13.0"), ("ray", "2.9.0")])
def test_an_old_version_is_named_with_what_to_install(package, version, tmp_path, monkeypatch):
    installed = tmp_path / f"{package}-{version}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = broken(packages.packages())
    assert found.name == package
    assert f"{package} is {version}, and nasbench needs >=" in found.told
    assert found.remedy.startswith("pip install")
    assert ">=" in found.remedy


def test_what_is_installed_here_is_right():
    assert not broken(packages.packages())


def test_a_package_that_is_missing(monkeypatch):
    there = packages.version_of
    monkeypatch.setattr(packages, "version_of", lambda name: None if name == "optuna" else there(name))
    (found,) = broken(packages.packages())
    assert found.told == "optuna is not installed"


def test_what_a_checkout_that_is_not_installed_needs_is_what_an_installed_one_needs(monkeypatch):
    def unknown(name: str) -> None:
        raise packages.importlib.metadata.PackageNotFoundError(name)

    installed = {str(each) for each in packages.requirements()}
    monkeypatch.setattr(packages.importlib.metadata, "requires", unknown)
    assert {str(each) for each in packages.requirements()} == installed
    assert any(each.startswith("torch") for each in installed)


@pytest.mark.parametrize("source", ["environment", "netrc"])
def test_a_malformed_key_is_broken_and_never_shown(source, tmp_path, monkeypatch):
    if source == "netrc":
        (tmp_path / "netrc").write_text("machine api.wandb.ai login user password s3cr3t\n")
    else:
        monkeypatch.setenv("WANDB_API_KEY", SECRET)
    (found,) = broken(tracking.tracking("auto"))
    assert "malformed" in found.told
    assert "wandb login" in found.remedy
    assert "s3cr3t" not in str(found)


def test_a_key_of_the_right_form_is_there_and_never_shown(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "local-" + "a1" * 20)
    (found,) = tracking.tracking("auto")
    assert found.state == "ok"
    assert found.told.startswith("online")
    assert "a1a1" not in str(found)


def test_online_without_a_key_is_broken_and_auto_is_not():
    (found,) = broken(tracking.tracking("online"))
    assert "needs a key" in found.told
    assert not broken(tracking.tracking("auto"))
    assert not broken(tracking.tracking("off"))


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(machine, "_driver", lambda: None)
    (found,) = broken(machine.devices("cuda"))
    assert "device 'cuda' is not there" in found.told


def test_few_open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    try:
        found = next(machine.limits())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (found.name, found.state) == ("open files", "broken")
    assert "ulimit -n" in found.remedy


def test_little_memory_and_little_that_is_shared(monkeypatch, tmp_path):
    usage = type("Usage", (), {"free": 2**26, "total": 2**26})()
    monkeypatch.setattr(machine, "memory", lambda: (2**28, 2**34))
    monkeypatch.setattr(machine, "SHARED", tmp_path)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    found = broken(machine.machine("cpu"))
    assert [each.name for each in found] == ["processors", str(tmp_path)]
    assert "--shm-size" in found[1].remedy


def test_an_examination_that_breaks_is_a_finding_and_the_others_go_on(monkeypatch):
    def breaks() -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(machine, "memory", breaks)
    found = examine(DoctorConfig(dataset="digits", wandb="off"))
    assert [each.name for each in broken(found)] == ["machine"]
    assert "RuntimeError: odd" in broken(found)[0].told
    assert {"packages", "data", "tracking", "cluster"} <= {each.area for each in found}


@pytest.mark.parametrize("well", [True, False])
def test_the_command(well, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: (2**33, 2**34))
    usage = type("Usage", (), {"free": 2**40, "total": 2**41})()
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: usage)
    asked = ["doctor", "--dataset", "digits" if well else "cifar10", "--data-dir", str(tmp_path)]
    assert main([*asked, "--json"]) == (0 if well else 1)
    out, told = capsys.readouterr()
    record = json.loads(out)
    assert record["ok"] is well
    assert record["broken"] == ([] if well else ["cifar10"])
    assert ("1 thing is to be mended: cifar10" in told) is not well
    assert main(asked) == (0 if well else 1)
    page = capsys.readouterr().out
    assert ("MEND" in page) is not well
    assert len(page.splitlines()) < 50, "one page"


def test_json_of_nothing_broken():
    assert as_json([Finding("a", "b", "note", "c", "d")]) == {
        "ok": True,
        "broken": [],
        "findings": [{"area": "a", "name": "b", "state": "note", "told": "c", "remedy": "d"}],
    }


def test_a_wrong_name_is_bad_usage(capsys):
    assert main(["doctor", "--dataset", "cifar11"]) == 2
    assert "cifar10" in capsys.readouterr().err
