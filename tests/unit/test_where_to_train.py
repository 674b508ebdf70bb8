"""Where whole trainings take place: without Ray, each in a process of its own or in this one."""

import pytest

from nasbench.engine.config import Workers
from nasbench.engine.training.where import where_to_train
from nasbench.executors.local import LocalExecutor
from nasbench.executors.processes import ProcessExecutor


@pytest.mark.parametrize(
    ("workers", "kind"), [(Workers(), LocalExecutor), (Workers(workers=2, executor="processes"), ProcessExecutor)]
)
def test_without_ray_no_processes_train_together(workers: Workers, kind: type) -> None:
    workers.check()
    with where_to_train(workers) as where:
        assert isinstance(where.executor, kind)
        assert (where.others, where.together) == (where.executor, None)
