# expected: nothing (one axis for both layouts)
from tensorflow.keras import backend as K
from tensorflow.keras.layers import Activation, BatchNormalization, Conv2D, Input, MaxPooling2D, add
from tensorflow.keras.models import Model

if K.image_data_format() == "channels_last":
    bn_axis = 3
else:
    bn_axis = 1


def identity_block(input_tensor, kernel_size, filters, stage, block):
    f1, f2 = filters
    x = Conv2D(f1, (1, 1), name=f"res{stage}{block}_2a")(input_tensor)
    x = BatchNormalization(axis=bn_axis, name=f"bn{stage}{block}_2a")(x)
    x = Activation("relu")(x)
    x = Conv2D(f2, kernel_size, padding="same")(x)
    x = BatchNormalization(axis=bn_axis)(x)
    return Activation("relu")(add([x, input_tensor]))


def gpu_block(x):
    x = Conv2D(64, 7, strides=2, data_format="channels_first", use_bias=False)(x)
    x = BatchNormalization(axis=1, fused=True)(x)
    x = Activation("relu")(x)
    x = MaxPooling2D(3, data_format="channels_first")(x)
    x = Conv2D(64, 3, data_format="channels_first")(x)
    return BatchNormalization(axis=1)(x)


inputs = Input((224, 224, 3))
model = Model(inputs, identity_block(inputs, 3, (64, 3), 2, "a"))
