# expected: BN203 on line 14
import tensorflow as tf
from tensorflow.keras import layers


class ConvBlock(layers.Layer):
    def __init__(self, filters):
        super().__init__()
        self.conv = layers.Conv2D(filters, 3, padding="same")
        self.bn = layers.BatchNormalization(momentum=0.9)

    def call(self, x, training=False):
        x = self.conv(x)
        x = self.bn(x, training=True)
        return tf.nn.relu(x)


model = tf.keras.Sequential([ConvBlock(32), layers.GlobalAveragePooling2D(), layers.Dense(10)])
model.compile("adam", "mse")
model.fit(x, y)
print(model.predict(x_test))
