"""One run of any command: its directory, its log, who watches, how it is interrupted, and an end that leaves nothing
running.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from nasbench.core.answers import checked_names
from nasbench.core.blame import SPEAKS, blame, in_one_line, part_name, where_raised
from nasbench.core.clock import SimulatedClock
from nasbench.core.count_text import quantity
from nasbench.core.epoch_log import EpochLog
from nasbench.core.errors import Interrupted, LogLost, NotWritten, PartFailed, RunFailed, UsageError
from nasbench.core.heard import Heard
from nasbench.core.in_hand import DEATHS_LIMIT, InHand
from nasbench.core.job import Job
from nasbench.core.last_words import LAST_WORDS
from nasbench.core.loop import Executor, JobLoop
from nasbench.core.protocols import Curve, Evaluator, Metrics, Pruner, RunInfo
from nasbench.core.reported import each_epoch_once, read_epochs
from nasbench.core.reward import Score, reads_curve, score_at
from nasbench.core.shown import sentence, text_of
from nasbench.core.source import JobSource
from nasbench.core.stop_signals import WISHES, from_outside
from nasbench.core.stopwatch import Stopwatch
from nasbench.core.store import RunStore, discard, missing
from nasbench.core.trial import Trial
from nasbench.core.typed import shown
from nasbench.engine.run.go_on import ended_without_a_word, how_to_go_on, interrupted, what_is_left
from nasbench.engine.run.interrupt import interrupts
from nasbench.engine.run.opened_store import opened_store
from nasbench.engine.run.opening import Opening
from nasbench.engine.run.provenance import now
from nasbench.engine.run.watch import close_trackers, hand_over, print_note
from nasbench.executors.private_folder import sweep_all
from nasbench.trackers.guard import guarded

KEEP_TIME_SECONDS = 60.0
"""So often a run that is going on writes down how long it has taken."""


class Run:
    """An open run. `answer` evaluates jobs and logs the trials; `end` writes the report."""

    def __init__(self, store: RunStore, opening: Opening) -> None:
        self.store = store
        self.directory = store.directory
        self._executor, self._trackers = opening.executor, [guarded(tracker) for tracker in opening.trackers]
        self._watched = self._ended = False
        self._epochs = EpochLog(self.directory)
        self._stopwatch = Stopwatch(store.run.get("wall_seconds"))
        self._time_kept = self._stopwatch.before
        self._reading, self._said = opening.reading, list[str]()
        self._tell_of_reading()
        made = [make(store) for make in opening.listeners]
        self._listeners = [*made, *(tracker.trial for tracker in self._trackers), lambda _: self._keep_time_at_times()]

    @property
    def trials(self) -> list[Trial]:
        """All that is in the log."""
        return self.store.trials

    @property
    def seconds(self) -> float:
        """How long the run has taken: those of earlier processes, as far as they could write it down, and of this."""
        return self._stopwatch.seconds

    def watch(self, planned: int) -> None:
        """Tells the trackers that the run begins, or goes on, with so many trials planned in all."""
        run = RunInfo(self.directory, self.store.run["config"], planned, tuple(self.store.trials))
        self._watched = True
        for tracker in self._trackers:
            tracker.start(run)

    def answer(
        self,
        source: JobSource,
        evaluator: Evaluator,
        score: Score,
        clock: SimulatedClock | None = None,
        pruner: Pruner | None = None,
        executor: Executor | None = None,
    ) -> None:
        """Evaluates the jobs of `source` that the log does not answer yet; on `executor`, if not on the run's own."""
        if pruner is not None:
            self._replay_curves(pruner, score)
        heard = self._curves() if reads_curve(score) else None

        def epoch(job: Job, epochs: int, metrics: Metrics) -> bool:
            news = self._epochs.news(job, epochs, metrics)
            if news is None:
                return False
            metrics = news
            self._epochs.append(job, epochs, metrics)
            in_hand.got_to(epochs)
            self._keep_time_at_times()
            for tracker in self._trackers:
                tracker.epoch(job, epochs, metrics)
            curve = () if heard is None else heard.of(job.number)
            stop = pruner is not None and _stops(pruner, job.number, epochs, metrics, curve, score)
            return stop and not job.note.get("control")  # a control that is stopped where it is bad is none

        history, in_hand = tuple(self.store.trials), InHand(self.directory)
        if in_hand.left is not None:
            number, deaths = in_hand.left
            print_note(f"the process died while it evaluated trial {number} ({deaths} of {DEATHS_LIMIT} times)")
        watching = (self._listeners, history, clock, (epoch,), evaluator, in_hand, heard)
        loop = JobLoop(source, self.store.append, score, *watching, [each.within for each in self._trackers])
        if not loop.finished:
            with self._blamed(chosen := executor or self._executor, "run()"):
                chosen.run(loop, evaluator)
            if not loop.finished:
                raise PartFailed(
                    f"the executor {part_name(chosen)} returned from run() before all trials were answered. It asks "
                    "loop.next() for jobs until there is none, and answers each with finish, fail or prune."
                )
        if clock is not None and clock.refused is not None and not self.trials:
            raise UsageError(
                f"--time-budget {clock.budget:g} ends before the first look-up, which takes {clock.refused:.1f} s of "
                "the table's cost column: nothing was evaluated. Give more seconds."
            )

    def end(self, summary: Mapping[str, Any], report: Callable[[RunStore], object]) -> None:
        """Writes the report, then marks the run as ended, and lets the trackers go.

        Where no trial succeeded, the command fails, and the trackers hear it; a failed one among others is an answer.
        """
        self._tell_of_reading()
        self.store.run.update(ended=now(), wall_seconds=round(self.seconds, 2))  # the report shows them
        report(self.store)
        self.store.update()
        if self.store.mirror is not None:
            self.store.mirror.push()
        self._ended = True
        hand_over(self._trackers, self.store)
        none = bool(self.trials) and all(trial.status == "failed" for trial in self.trials)
        self.break_off({**summary, "error": _nothing_succeeded(self.trials)} if none else summary)

    def keep_time(self) -> None:
        """Writes down how long a run took that has not ended. A disk that refuses it costs that number."""
        with suppress(NotWritten, LogLost):
            if not self._ended:
                self._time_kept = self.seconds
                self.store.update(ended=None, wall_seconds=round(self.seconds, 2))

    def _keep_time_at_times(self) -> None:
        """So that little of it is lost where the process is killed."""
        if self.seconds - self._time_kept >= KEEP_TIME_SECONDS:
            self.keep_time()

    def close(self) -> None:
        self._epochs.close()

    def break_off(self, summary: Mapping[str, Any]) -> None:
        """Lets the trackers go, once; `summary` says how it ended."""
        if self._watched:
            close_trackers(self._trackers, summary, self.directory)
        self._watched = False

    @staticmethod
    def _blamed(executor: Executor, call: str) -> AbstractContextManager[None]:
        """An executor of the user's own is named where it breaks; a fault of nasbench's own is a bug, and shown so."""
        ours = type(executor).__module__.startswith("nasbench.")
        return nullcontext() if ours else blame(executor, call)

    def _tell_of_reading(self) -> None:
        """Prints what is new of what was met in the images, and puts all of it into run.json.

        Of images that are read batch by batch, much is known at the end alone.
        """
        if self._reading is None or not (record := self._reading.to_json()):
            return
        lines = self._reading.lines()
        for line in lines:
            if line not in self._said:
                print_note(line)
        self._said = lines
        if self.store.run.get("data") != record:
            self.store.update(data=record)

    def _replay_curves(self, pruner: Pruner, score: Score) -> None:
        heard = Heard() if reads_curve(score) else None
        for line in each_epoch_once(self.directory):
            if heard is not None:
                heard.hear(line["number"], line["epoch"], line)
            curve = () if heard is None else heard.of(line["number"])
            _stops(pruner, line["number"], line["epoch"], line, curve, score)

    def _curves(self) -> Heard:
        """What was reported so far of trainings that are not finished, or that a longer one may go on from."""
        most = max((trial.epochs for trial in self.trials), default=0)
        finished = {trial.number for trial in self.trials if trial.epochs >= most}
        return Heard(line for line in read_epochs(self.directory) if line["number"] not in finished)


def _stops(pruner: Pruner, number: int, epochs: int, metrics: Metrics, curve: Curve, score: Score) -> bool:
    """What the pruner says to a report. UsageError where the report has no score, RunFailed where the pruner breaks."""
    try:
        value = score_at(score, metrics, curve)
    except BaseException as error:  # a reward is somebody else's code
        if from_outside(error) or isinstance(error, SPEAKS):
            raise
        why = f"{in_one_line(error)}{where_raised(error)}"
        raise UsageError(
            f"the pruner {part_name(pruner)} needs a score after each epoch, and trial {number} reported none ({why}): "
            f"{sorted(metrics)}. Leave --pruner out, or let the evaluator report what its score is made of."
        ) from error
    if value is None:
        return False
    with blame(pruner, f"should_stop() of trial {number} after {quantity(epochs, 'epoch')}"):
        answer = pruner.should_stop(number, epochs, value)
        stop = answer.item() if hasattr(answer, "item") else answer  # numpy's and torch's
        if not isinstance(stop, bool):
            raise UsageError(
                f"should_stop() of the pruner {part_name(pruner)} must return True or False; got {shown(answer)}"
            )
        return stop


@contextmanager
def open_run(opening: Opening) -> Iterator[Run]:
    """Starts the run, or goes on with it, and closes everything at the end, whatever happens.

    Interrupted on Ctrl-C and SIGTERM, with how to go on. UsageError and RunFailed pass through. A new run that is
    refused, or whose part breaks, before its first trial is finished leaves no directory.
    """
    store: list[RunStore] = []
    sentence = WISHES.with_sentence(lambda: interrupted(opening, store[0] if store else None))
    with interrupts(), sentence, LAST_WORDS.forgotten_after():
        yield from _opened(opening, store)


def _opened(opening: Opening, opened: list[RunStore]) -> Iterator[Run]:
    store: RunStore | None = None
    run: Run | None = None
    discarded, new, ended = False, missing(opening.directory), False
    sweep_all()
    LAST_WORDS.change(ended_without_a_word(opening, None))
    try:
        _describe(opening.executor)
        store = opened_store(opening)
        opened.append(store)
        LAST_WORDS.change(ended_without_a_word(opening, store))
        run = Run(store, opening)
        yield run
        ended = True
    except KeyboardInterrupt as interrupt:
        with suppress(KeyboardInterrupt):  # who interrupts again does not want to wait for the trackers
            if run is not None:
                run.keep_time()
                run.break_off({"interrupted": True})
        raise Interrupted(interrupted(opening, store)) from interrupt
    except (UsageError, PartFailed) as error:
        trials = store.trials if store is not None else []
        discarded = run is not None and not trials and not opening.resumes
        if run is not None and not discarded:
            run.keep_time()
        if run is not None:
            run.break_off({"error": str(error), **({"discarded": True} if discarded else {})})
        if told := what_is_left(error, trials, opening):
            raise (UsageError if isinstance(error, UsageError) else RunFailed)(told) from error
        raise
    except BaseException as error:
        if run is not None:
            run.keep_time()
            run.break_off({"error": text_of(error)})
        if isinstance(error, NotWritten):
            raise NotWritten(f"{error} {how_to_go_on(store, opening)}") from error
        raise
    finally:
        try:
            _close(opening.executor, ended)
        finally:
            if run is not None:
                run.close()
            if store is not None:
                store.close(discarded)
            if discarded:
                discard(opening.directory, new)


def _close(executor: Executor, ended: bool) -> None:
    """Closes it. Where the run broke off, an error of that is only printed: the first one is the reason."""
    try:
        with blame(executor, "close()"):
            executor.close()
    except PartFailed as error:
        if ended:
            raise
        print_note(str(error))


def _describe(executor: Executor) -> None:
    with blame(executor, "describe()", UsageError, "Mend it there."):
        lines = checked_names("the executor", executor, "describe()", executor.describe())
    for line in lines:
        print_note(line)


def check_some_succeeded(trials: Sequence[Trial], directory: Path) -> None:
    """RunFailed, with the reasons, where no trial has a score."""
    if not any(trial.scored for trial in trials):
        raise RunFailed(f"{sentence(_nothing_succeeded(trials))} See {directory / 'report.html'}")


def _nothing_succeeded(trials: Sequence[Trial]) -> str:
    reasons = {trial.error for trial in trials if trial.error}
    who = "the one trial failed" if len(trials) == 1 else f"none of the {len(trials)} trials succeeded"
    return f"{who}: {'; '.join(sorted(reasons)[:3])}"
