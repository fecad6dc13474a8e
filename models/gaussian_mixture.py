"""A Gaussian mixture of the vectors."""

import numpy as np

from models.mixture import Mixture, fit_mixture
from models.vector_mixture import VectorMixture


class GaussianMixture(VectorMixture):
    """Fitted by EM, with full covariances where rows suffice for them."""

    def find_clusters(self, x: np.ndarray) -> tuple[Mixture, np.ndarray]:
        """The likeliest start."""
        found = fit_mixture(x, self.n_components, self.settings.restarts, self.seed)
        return found, found.weights
