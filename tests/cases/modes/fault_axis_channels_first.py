# expected: BN301 on line 9
from tensorflow.keras.layers import Activation, BatchNormalization, Conv2D, Input, MaxPooling2D
from tensorflow.keras.models import Model

inputs = Input((3, 224, 224))
x = Conv2D(64, 7, strides=2, padding="same", data_format="channels_first")(inputs)
x = Activation("relu")(x)
x = MaxPooling2D(3, data_format="channels_first")(x)
x = BatchNormalization()(x)
model = Model(inputs, x)
