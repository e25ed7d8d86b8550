# expected: nothing (TensorFlow 1: the flag is a placeholder, layouts agree)
import tensorflow.compat.v1 as tf
import tf_slim as slim

tf.disable_eager_execution()
is_training = tf.placeholder(tf.bool, name="is_training")
images = tf.placeholder(tf.float32, [None, 3, 224, 224])


def conv_bn(x, filters, data_format):
    x = tf.layers.conv2d(x, filters, 3, padding="same", use_bias=False, data_format=data_format)
    axis = 1 if data_format == "channels_first" else 3
    x = tf.layers.batch_normalization(x, axis=axis, momentum=0.9, epsilon=1e-5, training=is_training)
    return tf.nn.relu(x)


net = conv_bn(images, 64, "channels_first")
with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params={"is_training": is_training}):
    net = slim.conv2d(net, 64, [3, 3])
net = slim.conv2d(net, 64, [3, 3], data_format="NCHW")
net = slim.batch_norm(net, is_training=is_training, data_format="NCHW")
