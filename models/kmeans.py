"""k-means of the vectors, with probabilities and samples."""

import numpy as np

from models.mixture import Mixture
from models.nearest import fit_kmeans
from models.vector_mixture import VectorMixture


class KMeans(VectorMixture):
    """The hard limit of a mixture with equal weights and a single variance (Bishop 2006, section 9.3.2)."""

    def find_clusters(self, x: np.ndarray) -> tuple[Mixture, np.ndarray]:
        """The start with the least inertia."""
        clusters = self.n_components
        found = fit_kmeans(x, clusters, self.settings.restarts, self.seed)
        centres = found.centres[np.argsort(found.cluster_of_centre)]
        precision = np.full(centres.shape, found.variance**-0.5)
        mixture = Mixture(np.full(clusters, 1 / clusters), centres, precision)
        sizes = np.bincount(mixture.memberships(x).argmax(axis=1), minlength=clusters)
        return mixture, sizes / sizes.sum()
