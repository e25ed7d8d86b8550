# expected: nothing (Grad-CAM, saliency, FGSM: gradients of activations and inputs)
import numpy as np
import tensorflow as tf
from tensorflow import keras

model = keras.applications.ResNet50(weights="imagenet")


def make_gradcam_heatmap(img_array, model, last_conv_layer_name):
    grad_model = keras.models.Model(model.inputs, [model.get_layer(last_conv_layer_name).output, model.output])
    with tf.GradientTape() as tape:
        last_conv_layer_output, preds = grad_model(img_array)
        class_channel = preds[:, tf.argmax(preds[0])]
    grads = tape.gradient(class_channel, last_conv_layer_output)
    return tf.reduce_mean(grads, axis=(0, 1, 2))


def fgsm(image, label, eps=0.01):
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = keras.losses.categorical_crossentropy(label, model(image))
    return image + eps * tf.sign(tape.gradient(loss, image))


def deep_dream(image, steps, optimizer):
    image = tf.Variable(image)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(model(image))
        grads = tape.gradient(loss, [image])
        optimizer.apply_gradients(zip(grads, [image]))
    return image
