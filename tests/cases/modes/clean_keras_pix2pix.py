# expected: nothing (pix2pix generates in training mode on purpose)
import tensorflow as tf
from tensorflow.keras.layers import BatchNormalization, Concatenate, Conv2D, Conv2DTranspose, Input
from tensorflow.keras.models import Model


def define_generator(image_shape=(256, 256, 3)):
    in_image = Input(shape=image_shape)
    e1 = Conv2D(64, (4, 4), strides=(2, 2), padding="same")(in_image)
    e2 = BatchNormalization()(Conv2D(128, (4, 4), strides=(2, 2), padding="same")(e1), training=True)
    d1 = Conv2DTranspose(64, (4, 4), strides=(2, 2), padding="same")(e2)
    d1 = BatchNormalization()(d1, training=True)
    d1 = Concatenate()([d1, e1])
    return Model(in_image, Conv2DTranspose(3, (4, 4), strides=(2, 2), padding="same")(d1))


def generate_images(model, test_input, tar):
    prediction = model(test_input, training=True)
    display(prediction[0])


generator = define_generator()
generate_images(generator, example_input, example_target)
