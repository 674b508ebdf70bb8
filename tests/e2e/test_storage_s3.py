"""Searches whose run is kept in S3: killed, the server stopped, gone on with on another machine."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from s3 import BUCKET, KEY, S3, SECRET, lines, s3_server, same, until_it_has

WHERE = f"s3://{BUCKET}/of/us"
LITTLE = (
    *("search", "--space", "nasbench201", "--strategy", "evolution", "--dataset", "digits", "--recipe", "quick"),
    *("--epochs", "1", "--cells", "1", "--filters", "4", "--wandb", "off", "--trials", "8"),
)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as server:
        yield server


@pytest.mark.slow
def test_a_killed_search_goes_on_on_another_machine_through_a_server_that_was_away(tmp_path, s3):
    for name in ("here", "there", "alone"):
        (tmp_path / name).mkdir()
    here, there = tmp_path / "here", tmp_path / "there"
    first = s3.start_command(here, *LITTLE, "--run", "runs/x", "--storage", WHERE)
    until_it_has(here / "runs/x", 2, first)
    s3.stop()
    told = ""
    while "does not answer" not in told:
        told += first.stderr.readline()
        assert first.poll() is None, told
    s3.start()
    until_it_has(here / "runs/x", 4, first)
    first.send_signal(signal.SIGKILL)
    told += first.communicate()[1]
    assert (told.count("does not answer"), told.count("answers again")) == (1, 1), told
    before = lines(here / "runs/x")

    second = s3.command(there, "search", "--run", "runs/x", "--storage", WHERE, "--resume")
    assert second.returncode == 0, second.stderr
    assert "waiting 30 s to see whether it still is" in second.stderr
    after = lines(there / "runs/x")
    assert [line["number"] for line in after] == list(range(1, 9))
    assert after[: len(before) - 1] == before[:-1], "the log goes on where it was; the last trial may not have arrived"
    alone = s3.command(tmp_path / "alone", *LITTLE, "--run", "runs/x")
    assert alone.returncode == 0, alone.stderr
    assert same(lines(tmp_path / "alone/runs/x")) == same(after), "as a search that nothing disturbed"
    weights = "best/weights.safetensors"
    assert (there / "runs/x" / weights).read_bytes() == (tmp_path / "alone/runs/x" / weights).read_bytes()

    third = s3.command(here, "search", "--run", "runs/x", "--resume")
    assert third.returncode == 0, third.stderr
    assert lines(here / "runs/x") == after, "the first machine has what the second one found"
    assert (here / "runs/x" / weights).read_bytes() == (there / "runs/x" / weights).read_bytes()
    said = told + second.stderr + second.stdout + third.stderr + third.stdout
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (KEY, SECRET):
        assert secret not in said
        assert secret.encode() not in written


@pytest.mark.slow
def test_what_is_wrong_with_a_storage_is_one_clear_error(tmp_path, s3):
    def refused(*words: str) -> str:
        done = s3.command(tmp_path, *words)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert KEY not in done.stderr
        assert SECRET not in done.stderr
        return done.stderr

    assert "there is no bucket 'nowhere'" in refused(*LITTLE, "--run", "a", "--storage", "s3://nowhere/p")
    assert "no run" in refused("search", "--run", "a", "--storage", f"{WHERE}/none", "--resume")
    s3.forbid()
    try:
        assert "permission denied" in refused(*LITTLE, "--run", "a", "--storage", WHERE)
    finally:
        s3.allow()
    s3.stop()
    try:
        assert "does not answer" in refused(*LITTLE, "--run", "a", "--storage", WHERE)
    finally:
        s3.start()
    assert not list(tmp_path.iterdir()), "nothing is left of what was refused"


@pytest.mark.slow
def test_two_writers_do_not_hold_one_run(tmp_path, s3):
    first, second = tmp_path / "first", tmp_path / "second"
    for each in (first, second):
        each.mkdir()
    process = s3.start_command(first, *LITTLE, "--trials", "60", "--run", "runs/y", "--storage", WHERE)
    try:
        until_it_has(first / "runs/y", 1, process)
        other = s3.command(second, "search", "--run", "runs/y", "--storage", WHERE, "--resume")
        assert (other.returncode, "is in use: process" in other.stderr) == (2, True), other.stderr
        assert not (second / "runs/y/trials.jsonl").exists()
    finally:
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert "Go on with: nasbench search --run runs/y --resume" in told, told
    again = s3.command(second, "search", "--run", "runs/y", "--storage", WHERE, "--resume", "--workers", "2")
    assert again.returncode == 0, again.stderr
    assert "waiting" not in again.stderr, "who was interrupted lets the run go"
    assert sorted(line["number"] for line in lines(second / "runs/y")) == list(range(1, 61))
    assert (second / "runs/y/best/weights.safetensors").exists()


@pytest.mark.slow
def test_a_run_that_another_machine_writes_is_watched_and_reported(tmp_path, s3):
    far, here, later = (tmp_path / name for name in ("far", "here", "later"))
    for each in (far, here, later):
        each.mkdir()
    process = s3.start_command(far, *LITTLE, "--trials", "12", "--run", "runs/z", "--storage", WHERE)
    until_it_has(far / "runs/z", 2, process)
    command = [sys.executable, "-m", "nasbench", "watch", "runs/z", "--storage", WHERE, "--every", "0.2"]
    watch = subprocess.Popen(command, cwd=here, env=s3.environment, stdout=subprocess.PIPE, text=True)
    try:
        address = watch.stdout.readline().split()[0]
        assert "12 planned in the search" in asked(address)
        before = asked(f"{address}state")
        trials = len(lines(here / "runs/z"))
        assert trials >= 1
        assert process.wait(timeout=300) == 0, process.stderr.read()
        time.sleep(0.2)
        assert asked(f"{address}state") != before
        assert lines(here / "runs/z") == lines(far / "runs/z")
        s3.stop()
        try:
            time.sleep(0.2)
            with pytest.raises(urllib.error.HTTPError, match="503") as told:
                asked(address)
            assert "does not answer" in told.value.read().decode()
        finally:
            s3.start()
    finally:
        watch.kill()
        watch.communicate()
        process.communicate()

    done = s3.command(later, "report", "runs/z", "--storage", WHERE)
    assert done.returncode == 0, done.stderr
    assert lines(later / "runs/z") == lines(far / "runs/z")
    assert "The winner" in (later / "runs/z/report.html").read_text(), "with the drawing of the best"
    assert not (later / "runs/z/checkpoints").exists()
    kept = sorted((far / "runs/z/checkpoints").glob("*.safetensors"), key=lambda file: int(file.stem))[0]
    export = ("export", "runs/z", "--trial", kept.stem, "--formats", "safetensors", "--out", "out", "--storage", WHERE)
    done = s3.command(later, *export)
    assert done.returncode == 0, done.stderr
    assert (later / "runs/z/checkpoints" / kept.name).read_bytes() == kept.read_bytes()
    assert list((later / "out").glob("*.safetensors"))
    missing = s3.command(later, "report", "runs/zz", "--storage", WHERE)
    assert (missing.returncode, "Did you mean --run .../z" in missing.stderr) == (2, True), missing.stderr


def asked(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())
