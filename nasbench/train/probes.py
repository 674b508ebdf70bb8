"""How much of a data set's classes is in features: a linear probe (Alain and Bengio 2017), and nearest neighbours."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

STRENGTHS = (0.01, 0.1, 1.0)
"""Inverse weights of the penalty that are tried; the validation images choose."""
NEIGHBOURS = 5


def probe_accuracy(features: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> float:
    """Test accuracy in [0, 1] of a logistic regression on standardised features: (N, C) of train, val and test."""
    from sklearn.linear_model import LogisticRegression

    scaled, known = _standardised(features), {split: each.numpy() for split, each in labels.items()}
    tried = []
    for strength in STRENGTHS:
        probe = LogisticRegression(C=strength, max_iter=200, tol=1e-3).fit(scaled["train"], known["train"])
        tried.append((float(probe.score(scaled["val"], known["val"])), -strength, probe))
    best = max(tried, key=lambda each: each[:2])[2]  # of equal ones the more strongly penalised
    return float(best.score(scaled["test"], known["test"]))


def neighbour_accuracy(features: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> float:
    """Test accuracy in [0, 1] of the vote of the nearest training images, by the cosine of standardised features."""
    from sklearn.neighbors import KNeighborsClassifier

    scaled = _standardised(features)
    number = min(NEIGHBOURS, len(scaled["train"]))
    vote = KNeighborsClassifier(number, metric="cosine").fit(scaled["train"], labels["train"].numpy())
    return float(vote.score(scaled["test"], labels["test"].numpy()))


def _standardised(features: Mapping[str, Tensor]) -> dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]:
    """Each feature minus its mean over the training images, divided by its deviation; constant ones are left as 0."""
    train = features["train"].double().numpy()
    mean, std = train.mean(axis=0), train.std(axis=0)
    std[std < 1e-12] = 1.0
    return {split: (each.double().numpy() - mean) / std for split, each in features.items()}
