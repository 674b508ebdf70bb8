"""A recipe for tests in which a training has to happen, and need not be good: four steps an epoch."""

from dataclasses import replace

from nasbench.train.recipes import QUICK

LITTLE = replace(QUICK, name="little", train_images=128)
