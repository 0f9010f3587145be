"""Networks as users write them, outside the package: called by `tests.networks.own_models:…`."""

import secrets
from typing import Annotated

import keras
from keras import ops
from keras.initializers import GlorotUniform
from pydantic import Field, PositiveInt

from kernel_regime.networks import Network


class Plain(keras.Model):
    """The usual subclassed model: layers in its constructor, no word about training."""

    def __init__(self, width: PositiveInt, outputs: int, rate: Annotated[float, Field(lt=1)] = 0.0):
        super().__init__()
        self.hidden = keras.layers.Dense(width, activation="relu")
        self.dropout = keras.layers.Dropout(rate)
        self.last = keras.layers.Dense(outputs)

    def call(self, x, training=False):
        rows = ops.reshape(x, (ops.shape(x)[0], -1))
        return self.last(self.dropout(self.hidden(rows), training=training))


class Convolutional(keras.Sequential):
    """A stack of Keras's layers with moving averages, and a penalty of Keras's own."""

    def __init__(self, outputs: int, channels: PositiveInt = 4):
        super().__init__()
        self.outputs_, self.channels = outputs, channels
        self.add(keras.layers.Reshape((4, 4, 1)))
        self.add(keras.layers.Conv2D(channels, 3, kernel_regularizer="l2"))
        self.add(keras.layers.BatchNormalization())
        self.add(keras.layers.Flatten())
        self.add(keras.layers.Dense(outputs))

    def get_config(self):
        return {"outputs": self.outputs_, "channels": self.channels}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Scalar(keras.Model):
    """One output, whatever the targets."""

    def __init__(self):
        super().__init__()
        self.last = keras.layers.Dense(1)

    def call(self, x):
        return self.last(ops.reshape(x, (ops.shape(x)[0], -1)))


class Unfinished(keras.Model):
    """A model whose author has not got far."""

    def call(self, x):
        raise NotImplementedError("not yet")


class Deep(keras.Model):
    """An argument that is a list, and one without annotation."""

    def __init__(self, widths: list[PositiveInt], outputs=1):
        super().__init__()
        self.layers_ = [keras.layers.Dense(width, activation="relu") for width in widths]
        self.last = keras.layers.Dense(outputs)

    def call(self, x):
        for layer in self.layers_:
            x = layer(x)
        return self.last(x)


class Quadratic(Network):
    """A network in the package's own manner, with a penalty and factors on its gradients."""

    def __init__(self, width: PositiveInt, **keywords):
        super().__init__(**keywords)
        self.width = width

    def build(self, input_shape):
        import numpy as np

        features = int(np.prod(input_shape[1:]))
        draws = np.random.default_rng(self.seed)
        self.inner = self.add_array("W", draws.standard_normal((features, self.width)) / features)
        self.outer = self.add_array("a", draws.standard_normal((self.width, self.outputs)))
        self.built = True

    def call(self, x, training=False):
        rows = ops.reshape(x, (ops.shape(x)[0], self.inner.shape[0]))
        return ops.matmul(ops.square(ops.matmul(rows, self.inner)), self.outer) / self.width

    def penalty(self):
        return ops.sum(ops.square(self.outer))

    def gradient_multipliers(self):
        return [float(self.width), 1.0]

    def get_config(self):
        return {**super().get_config(), "width": self.width}


class Restless(keras.Sequential):
    """Weights from the system's entropy, which no seed fixes."""

    def __init__(self, outputs):
        super().__init__()
        seed = secrets.randbelow(2**31)
        self.add(keras.layers.Flatten())
        self.add(keras.layers.Dense(outputs, kernel_initializer=GlorotUniform(seed)))
