"""How faithful samples are to real rows and how much of their variety they have, without labels."""

import numpy as np
from scipy.stats import binomtest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

NEIGHBORS = 5
BLOCK_ROWS = 1024
CLASSIFIER_ROWS = 2000  # of each kind: enough to see a difference of 5 in 100
CLASSIFIER_COLUMNS = 100  # beyond which the classifier sees random projections


def manifold_metrics(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBORS) -> dict[str, float]:
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020).

    `real` and `fake` are (rows, columns). The values depend on the number of rows: compare with those of real rows
    against as many other real rows. Costs rows squared; memory grows with the rows, not with their square.
    """
    k = min(k, len(real) - 1, len(fake) - 1)
    real_radii, fake_radii = nearest_distances(real, k), nearest_distances(fake, k)
    reaches_fake, is_covered, is_recalled, n_balls = [], np.zeros(len(real), bool), np.zeros(len(real), bool), 0
    for start in range(0, len(fake), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        distances = pairwise_distances(fake[block], real)  # (block, real rows)
        in_real_ball = distances <= real_radii
        reaches_fake.append(in_real_ball.any(axis=1))
        n_balls += int(in_real_ball.sum())
        is_covered |= in_real_ball.any(axis=0)
        is_recalled |= (distances <= fake_radii[block, None]).any(axis=0)
    return {
        "precision": float(np.concatenate(reaches_fake).mean()),
        "recall": float(is_recalled.mean()),
        "density": n_balls / (max(k, 1) * len(fake)),
        "coverage": float(is_covered.mean()),
    }


def nearest_distances(x: np.ndarray, k: int) -> np.ndarray:
    """Distance of each row from its k-th nearest other row: (rows,)."""
    found = []
    for start in range(0, len(x), BLOCK_ROWS):
        distances = pairwise_distances(x[start : start + BLOCK_ROWS], x)
        itself = np.arange(len(distances))
        distances[itself, start + itself] = 0  # rounding aside
        found.append(np.partition(distances, k, axis=1)[:, k])
    return np.concatenate(found)


def classifier_two_sample_test(real: np.ndarray, fake: np.ndarray, seed: int) -> tuple[float, float]:
    """Held-out accuracy of a classifier of real against fake, and its p-value (Lopez-Paz and Oquab 2017).

    .5 where the two can't be told apart, 1 where they always can; gradient-boosted trees learn from one half of the
    rows and are counted on the other. The p-value is the chance of at least that accuracy were both the same. Wide
    rows are seen through random projections, which keeps the test valid and its cost bounded.
    """
    n_rows = min(len(real), len(fake), CLASSIFIER_ROWS)
    x = _project(np.concatenate([_draw(real, n_rows, seed), _draw(fake, n_rows, seed)]), seed)
    is_real = np.repeat([1, 0], n_rows)
    x_train, x_test, y_train, y_test = train_test_split(x, is_real, test_size=0.5, random_state=seed, stratify=is_real)
    classifier = HistGradientBoostingClassifier(early_stopping=False, random_state=seed)
    with threadpool_limits(1):  # two threads that share a busy core with others took ten times as long
        told = classifier.fit(x_train, y_train).predict(x_test)
    correct = int((told == y_test).sum())
    return correct / len(y_test), float(binomtest(correct, len(y_test), 0.5, alternative="greater").pvalue)


def _draw(x: np.ndarray, n_rows: int, seed: int) -> np.ndarray:
    return x[np.random.default_rng(seed).permutation(len(x))[:n_rows]]


def _project(x: np.ndarray, seed: int) -> np.ndarray:
    if x.shape[1] <= CLASSIFIER_COLUMNS:
        return x
    return x @ np.random.default_rng(seed).standard_normal((x.shape[1], CLASSIFIER_COLUMNS)).astype(x.dtype)
