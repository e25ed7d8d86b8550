"""BN301, clean: the axis is that of the channels, or may be."""

from __future__ import annotations

import pytest
from one_rule import cases, check_clean, run
from test_wrong_axis import IMPORTS

CLEAN = cases("""
--- channels first on both
x = Conv2D(8, 3, data_format="channels_first")(x)
x = BatchNormalization(axis=1)(x)

--- channels first, counted from the end
x = Conv2D(8, 3, data_format="channels_first")(x)
x = BatchNormalization(axis=-3)(x)

--- channels last on both
x = Conv2D(8, 3, data_format="channels_last")(x)
x = BatchNormalization(axis=3)(x)

--- both at their defaults
x = Conv2D(8, 3)(x)
x = BatchNormalization()(x)

--- the last axis by its number
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=3)(x)

--- an axis chosen by the global layout
bn_axis = 3 if K.image_data_format() == "channels_last" else 1
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=bn_axis)(x)

--- chosen by a statement
if K.image_data_format() == "channels_first":
    bn_axis = 1
else:
    bn_axis = 3
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=bn_axis)(x)

--- changed under a condition
bn_axis = 3
if K.image_dim_ordering() == "th":
    bn_axis = 1
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=bn_axis)(x)

--- both as a parameter says
def block(x, data_format):
    axis = 1 if data_format == "channels_first" else -1
    x = Conv2D(8, 3, data_format=data_format)(x)
    return BatchNormalization(axis=axis)(x)

--- both as a parameter with a default says
def block(x, data_format="channels_first"):
    axis = 1 if data_format == "channels_first" else -1
    x = Conv2D(8, 3, data_format=data_format)(x)
    return BatchNormalization(axis=axis)(x)

--- both as the object says
class Block(layers.Layer):
    def __init__(self, data_format):
        super().__init__()
        self.conv = Conv2D(8, 3, data_format=data_format)
        self.bn = BatchNormalization(axis=1 if data_format == "channels_first" else 3)
    def call(self, x):
        return self.bn(self.conv(x))

--- the global layout is set
K.set_image_data_format("channels_first")
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=1)(x)

--- the global layout is set the old way
K.set_image_dim_ordering("th")
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=1)(x)

--- the file speaks of the other layout
# run with image_data_format channels_first
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=1)(x)

--- an input shape with the channels first
model = keras.Sequential()
model.add(Conv2D(8, 3, input_shape=(3, 224, 224)))
model.add(BatchNormalization(axis=1))

--- an Input with the channels first
x = keras.Input(shape=(1, 28, 28))
x = Conv2D(8, 3)(x)
x = BatchNormalization(axis=1)(x)

--- transposed in between
x = Conv2D(8, 3, data_format="channels_first")(x)
x = tf.transpose(x, (0, 2, 3, 1))
x = BatchNormalization()(x)

--- permuted in between
x = Conv2D(8, 3, data_format="channels_first")(x)
x = layers.Permute((2, 3, 1))(x)
x = BatchNormalization()(x)

--- flattened in between: two axes
x = Conv2D(8, 3, data_format="channels_first")(x)
x = layers.Flatten()(x)
x = BatchNormalization()(x)

--- reshaped in between
x = Conv2D(8, 3, data_format="channels_first")(x)
x = layers.Reshape((8, 8, 3))(x)
x = BatchNormalization()(x)

--- pooled to two axes in between
x = Conv2D(8, 3, data_format="channels_first")(x)
x = layers.GlobalAveragePooling2D(data_format='channels_first')(x)
x = BatchNormalization()(x)

--- joined with another input in between
x = Conv2D(8, 3, data_format="channels_first")(x)
x = layers.Concatenate(axis=1)([x, y])
x = BatchNormalization()(x)

--- a dense layer in between: two axes
x = Conv2D(8, 3, data_format="channels_first")(x)
x = layers.Flatten()(x)
x = layers.Dense(8)(x)
x = BatchNormalization()(x)

--- something of the user's in between
x = Conv2D(8, 3, data_format="channels_first")(x)
x = shuffle(x)
x = BatchNormalization()(x)

--- something of the user's sometimes
x = Conv2D(8, 3, data_format="channels_first")(x)
if swap:
    x = swapped(x)
x = BatchNormalization()(x)

--- another variable
x = Conv2D(8, 3, data_format="channels_first")(x)
y = BatchNormalization()(z)

--- several axes on purpose
x = Conv2D(8, 3, data_format="channels_first")(x)
x = BatchNormalization(axis=[1, 2])(x)

--- an axis that is not known
x = Conv2D(8, 3, data_format="channels_first")(x)
x = BatchNormalization(axis=axis)(x)

--- a layout that is not known
x = Conv2D(8, 3, data_format=layout)(x)
x = BatchNormalization(axis=1)(x)

--- arguments that are not in view
x = Conv2D(8, 3, **options)(x)
x = BatchNormalization(axis=1)(x)

--- a list that is no Sequential
conv, bn = [Conv2D(8, 3, data_format="channels_first"), BatchNormalization()]

--- a tuple that is returned
def parts():
    return Conv2D(8, 3, data_format="channels_first"), BatchNormalization()

--- parallel branches in a list
branches = [Conv2D(8, 3, data_format="channels_first"), BatchNormalization()]
y = layers.add([branch(x) for branch in branches])

--- added to another model
a.add(Conv2D(8, 3, data_format="channels_first"))
b.add(BatchNormalization())

--- a statement in between that may change the model
model.add(Conv2D(8, 3, data_format="channels_first"))
if deep:
    model.add(layers.Permute((2, 3, 1)))
model.add(BatchNormalization())

--- a layer that is applied twice
class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.conv = Conv2D(8, 3, data_format="channels_first")
        self.bn = BatchNormalization()
    def call(self, x):
        return self.bn(self.conv(x)) + self.bn(x)

--- applied per time step
x = layers.TimeDistributed(Conv2D(8, 3, data_format="channels_first"))(x)
x = BatchNormalization()(x)

--- before the convolution, not after it
x = BatchNormalization()(x)
x = Conv2D(8, 3, data_format="channels_first")(x)

--- slim, both in one layout
x = slim.conv2d(x, 8, [3, 3], data_format="NCHW")
x = slim.batch_norm(x, data_format="NCHW")

--- slim, the normaliser of another convolution
x = slim.conv2d(x, 8, [3, 3], data_format="NCHW")
x = slim.conv2d(x, 8, [3, 3], normalizer_fn=slim.batch_norm)

--- MindSpore, both at their defaults
net = nn.SequentialCell(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))

--- MindSpore, both in the other layout
conv = nn.Conv2d(3, 8, 3, data_format="NHWC")
net = nn.SequentialCell(conv, nn.BatchNorm2d(8, data_format="NHWC"))

--- a user class that is merely called Conv2D
class Conv2D(layers.Layer):
    pass

x = Conv2D(8, 3, data_format="channels_first")(x)
x = BatchNormalization()(x)
""")


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN301", code, IMPORTS)


def test_pytorch_layers_have_one_layout() -> None:
    code = """
        import torch.nn as nn

        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).to(memory_format=last)
    """
    assert run("BN301", code) == []
