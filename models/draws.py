"""Randomness without state: an order of rows is a function of (seed, place), a sample of (seed, its index)."""

import numpy as np

SAMPLE_BLOCK = 256


def order_rows(seed: int, first: int, count: int, n_rows: int) -> np.ndarray:
    """Rows `first` to `first + count` of the endless sequence of shuffled epochs: (count,) int32."""
    epochs = range(first // n_rows, (first + count - 1) // n_rows + 1)
    orders = [np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(n_rows) for epoch in epochs]
    start = first - epochs[0] * n_rows
    return np.concatenate(orders)[start : start + count].astype(np.int32)


def sample_components(seed: int, start: int, count: int, shares: np.ndarray) -> np.ndarray:
    """Components (count,) of samples start to start + count, as often as their shares (components,) say."""
    first = start // SAMPLE_BLOCK
    blocks = range(first, (start + count - 1) // SAMPLE_BLOCK + 1)
    drawn = [
        np.random.Generator(np.random.Philox(key=[seed + 2**31, block])).choice(len(shares), SAMPLE_BLOCK, p=shares)
        for block in blocks
    ]
    return np.concatenate(drawn)[start - first * SAMPLE_BLOCK :][:count]


def sample_noise(seed: int, start: int, count: int, dims: int, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal noise (count, dims) and uniform components (count,) of samples start to start + count."""
    first = start // SAMPLE_BLOCK
    noise, components = [], []
    for block in range(first, (start + count - 1) // SAMPLE_BLOCK + 1):
        random = np.random.Generator(np.random.Philox(key=[seed, block]))
        noise.append(random.standard_normal((SAMPLE_BLOCK, dims), np.float32))
        components.append(random.integers(n_components, size=SAMPLE_BLOCK))
    part = slice(start - first * SAMPLE_BLOCK, start - first * SAMPLE_BLOCK + count)
    return np.concatenate(noise)[part], np.concatenate(components)[part]
