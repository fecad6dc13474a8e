"""Which contestant found the better clusters, judged without labels, by one rule for all models.

The rule. Every contestant labels the same validation rows and train rows. Rows are near where the *vectors* are near
(of wide vectors, their principal components): a space that belongs to none of the contestants. The **cohesion** of a
labelling is the share of a validation row's nearest train rows that are in the row's cluster, less what it would be if
clusters ignored nearness: Newman's modularity of that neighbour graph. It is about 0 for random labels, 0 for one
cluster and at most 1 - 1/K for K clusters; it falls where a dense region is cut, where two are joined, and where
clusters run empty. The **score** is the mean cohesion over seeds. The **stability**, the mean adjusted Rand index
between the labellings that the seeds gave, only parts contestants of equal scores, and warns. `models.cohesion`
measures both.

What it can't see:
- It believes that near vectors belong together. Where classes aren't dense regions of the vectors (pictures of
  clothes, moved objects), a contestant that knows better is ranked below one that follows the vectors, and models that
  are made of a neighbour graph of the vectors start ahead.
- Modularity prefers clusters of similar size, and overlooks groups that are small beside the others.
- It compares contestants with as many clusters; it doesn't choose how many (see `models.cluster_count`).
- A wrong labelling that every seed finds is a stable one. So stability has no part in the score: as a factor it made
  the ranking agree less with known classes (`benchmarks/ranking.py` prints both).
- The best of many settings was partly lucky: its score is too high the more of them were searched. Differences within
  the seeds' deviation mean nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Evidence:
    """What was measured of a contestant; `cohesion` and `clusters_used` have a number for each seed.

    `clusters_used` counts the clusters that validation rows are in.
    """

    cohesion: tuple[float, ...]
    stability: float
    clusters_used: tuple[int, ...]

    @property
    def score(self) -> float:
        """What contestants are ranked by: the mean cohesion over seeds; higher is better."""
        return float(np.mean(self.cohesion))


def ranks(evidence: Sequence[Evidence]) -> list[int]:
    """The rule: the place of each contestant, by score and, where scores are equal, stability; equals share a place."""
    keys = [(-each.score, -each.stability) for each in evidence]
    return [1 + sum(other < key for other in keys) for key in keys]
