"""The papers' networks in plain NumPy, written from the papers' formulas, for comparison.

The convolutional ones take JAX's arrays too, so that it can differentiate them.
"""

import numpy as np


def relu(x):
    return x * (x > 0)


def fully_connected(weights, x, width, layers):
    """Mean-field network; weights W1, b1, …, a, c."""
    *hidden, a, c = weights
    h = x.reshape(len(x), -1)
    for layer in range(layers):
        h = relu(h @ hidden[2 * layer] + hidden[2 * layer + 1])
        if layer > 0:
            h = h / width
    return h @ a / width + c


def fully_connected_penalty(weights, width, layers):
    total = np.sum(weights[0] ** 2)
    return total + sum(np.sum(weights[2 * k] ** 2) / np.sqrt(width) for k in range(1, layers))


def random_features(weights, x, directions):
    a, c = weights
    return relu(x @ directions) @ a + c


def neural_tangent(weights, x, directions, signs):
    """Sums over units written out, one output after the other."""
    a, c, g = weights
    active = (x @ directions) > 0
    outputs = relu(x @ directions) @ a + c
    for k in range(len(signs)):
        outputs[:, k] += (active * signs[k] * (x @ g.T)).sum(axis=1)
    return outputs


def shallow(weights, x, activation):
    w, b, a, b0 = weights
    u = x @ w + b
    sigma = {
        "relu": relu,
        "sigmoid": lambda u: 1 / (1 + np.exp(-u)),
        "tanh": np.tanh,
        "softplus": lambda u: np.log1p(np.exp(u)),
    }[activation]
    return sigma(u) @ a / np.sqrt(w.shape[1]) + b0


def convolve(x, filters, padding):
    """Channels-last cross-correlation: one matrix product for each place in the filter."""
    x = x.__array_namespace__().pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    size = len(filters)
    h, w = x.shape[1] - size + 1, x.shape[2] - size + 1
    places = np.ndindex(size, size)
    return sum(x[:, i : i + h, j : j + w] @ filters[i, j] for i, j in places)


def blocks(x):
    """Images (n, h, w, c) as (n, h/2, 2, w/2, 2, c)."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c)


def myrtle(weights, x, pools=(0, 1, 1, 3)):
    *hidden, a, c = weights
    for layer, count in enumerate(pools):
        x = relu(convolve(x, hidden[2 * layer], 1) + hidden[2 * layer + 1])
        for _ in range(count):
            x = blocks(x).mean(axis=(2, 4))
    return x.reshape(len(x), -1) @ a + c


def lenet5(weights, x):
    (w1, b1, wl, bl, wr, br, w3, b3, w4, b4, w5, b5) = weights
    x = blocks(relu(convolve(x[..., None], w1, 0) + b1)).max(axis=(2, 4))
    left = blocks(relu(convolve(x, wl, 0) + bl)).max(axis=(2, 4))
    right = blocks(relu(convolve(x, wr, 0) + br)).max(axis=(2, 4))
    x = relu(convolve(left + right, w3, 0) + b3)
    return relu(x.reshape(len(x), -1) @ w4 + b4) @ w5 + b5
