"""Listings, cards and refusals of wrong names start at once: they import no torch. They say what the cards say."""

import subprocess
import sys

import pytest

from nasbench.engine.parts.networks import Row, built, check_model, rows, stored, write

COMMANDS = (
    ["zoo"],
    ["zoo", "resnet50"],
    ["zoo", "--family", "vgg", "--json"],
    ["zoo", "resnt50"],
    ["list"],
    ["list", "spaces"],
    ["list", "models"],
    ["list", "spces"],
    ["train", "zoo:resnt20"],
    ["compare", "resnet20", "resnt20"],
    ["profile", "resnt20"],
    ["transfer", "resnt20"],
    ["export", "space:nasnt:nasnet-a"],
    ["scale", "--base", "resnt20"],
    ["completion", "bash"],
    ["search", "--trials", "0"],
    ["search", "--help"],
    ["--help"],
)


def test_they_import_no_torch():
    code = f"""
import contextlib, io, sys
from nasbench.cli import main
for command in {COMMANDS!r}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            main(command)
        except SystemExit:
            pass
    heavy = [name for name in ("torch", "numpy", "matplotlib", "wandb", "ray", "optuna") if name in sys.modules]
    assert not heavy, (command, heavy)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_stored_rows_are_those_of_the_cards():
    """After a change of a card: python -m nasbench.engine.parts.networks."""
    assert list(stored()) == built()


def test_what_is_written_is_read_again(tmp_path, monkeypatch):
    write(stored()[:3], tmp_path / "networks.json")
    monkeypatch.setattr("nasbench.engine.parts.networks.STORED", tmp_path / "networks.json")
    stored.cache_clear()
    try:
        assert all(isinstance(row, Row) for row in stored())
        assert len(stored()) == 3
    finally:
        stored.cache_clear()


def test_a_name_of_the_listing_is_a_model():
    for row in rows()[::20]:
        check_model(row.name)


@pytest.mark.parametrize("model", ["my_module:MyNet", "some/architecture.json", ".", "space:my_module:MySpace:best"])
def test_what_is_no_name_passes(model):
    check_model(model)


def test_a_network_that_somebody_registers_is_listed():
    import zoo.registry
    from nasbench.core.spec import ModelCard, Task

    zoo.registry.register(ModelCard("mine_for_this_test", "own", "", 2020, Task(), 1, 1))(lambda task: task)
    try:
        assert "mine_for_this_test" in [row.name for row in rows()]
        check_model("zoo:mine_for_this_test")
    finally:
        del zoo.registry._entries["mine_for_this_test"]


def test_dir_names_what_is_imported_late():
    import nasbench

    assert set(nasbench.__all__) <= set(dir(nasbench))
