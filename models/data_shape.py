"""What the data's vectors look like to a model."""

from dataclasses import dataclass, replace

from models.model_settings import Networks


@dataclass(frozen=True)
class DataShape:
    """What the data's vectors look like: image vectors are pixels in [0, 1], others are standardised.

    `image_shape` is (height, width) or (height, width, channels), None where it plays no part.
    """

    n_columns: int
    image: bool
    image_shape: tuple[int, ...] | None = None

    @property
    def activation(self) -> str:
        """Output activation of whatever makes such vectors."""
        return "sigmoid" if self.image else "linear"


def seen_by(networks: Networks, data: DataShape) -> DataShape:
    """The data as these networks see it: without a shape by dense ones.

    Raises:
        ValueError: convolutional ones for vectors that aren't one image of a known shape.
    """
    if networks == Networks.dense:
        return replace(data, image_shape=None)
    return replace(data, image_shape=known_shape(data))


def known_shape(data: DataShape) -> tuple[int, ...]:
    """The shape of the image that a vector is.

    Raises:
        ValueError: vectors that aren't one image of a known shape.
    """
    if data.image_shape is None:
        raise ValueError(f"Expected vectors that are one image of a known shape. Received: {data}")
    return data.image_shape
