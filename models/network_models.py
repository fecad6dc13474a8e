"""The models that train networks, by their settings: importing them starts TensorFlow, which takes seconds."""

from collections.abc import Callable

import keras
import tensorflow as tf

from models.clustergan import ClusterGan
from models.data_shape import DataShape
from models.gan import Gan
from models.infogan import InfoGan
from models.manifoldgan import ManifoldGan
from models.model_settings import (
    ClusterGanSettings,
    GanSettings,
    InfoGanSettings,
    ManifoldGanSettings,
    ModelSettings,
    N2dSettings,
    VadeSettings,
)
from models.n2d import N2d
from models.vade import Vade

NetworkModel = Gan | ManifoldGan | N2d | ClusterGan | InfoGan | Vade


def build_network_model(
    settings: ModelSettings,
    data: DataShape,
    clusters: int | None,
    seed: int,
    strategy: tf.distribute.Strategy | None,
    make_optimizer: Callable[[float], keras.optimizers.Optimizer] | None,
) -> NetworkModel:
    """The untrained model of these settings, all its networks built; without `clusters` those that don't need them."""
    match settings:
        case GanSettings():
            return Gan(settings, data, seed, strategy, make_optimizer)
        case ManifoldGanSettings():
            return ManifoldGan(settings, data, clusters, seed, strategy, make_optimizer)
        case N2dSettings():
            return N2d(settings, data, clusters, seed, strategy, make_optimizer)
        case ClusterGanSettings() if clusters:
            return ClusterGan(settings, data, clusters, seed, strategy, make_optimizer)
        case InfoGanSettings() if clusters:
            return InfoGan(settings, data, clusters, seed, strategy, make_optimizer)
        case VadeSettings() if clusters:
            return Vade(settings, data, clusters, seed, strategy, make_optimizer)
    raise TypeError(f"Expected settings of a model and a number of clusters. Received: {settings!r}, {clusters}")
