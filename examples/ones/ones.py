"""Feed ones to the Keras layer and to its PyTorch port, and look at what comes out."""

import tensorflow as tf
import torch
from tensorflow import keras
from tensorflow.keras import layers
from torch import nn

reference = keras.Sequential([layers.BatchNormalization()])
expected = reference(tf.ones((20, 35, 45, 100)))  # NHWC

port = nn.Sequential(nn.BatchNorm2d(100))
actual = port(torch.ones((20, 100, 35, 45))).detach()  # NCHW

print("Keras  ", float(expected[0, 0, 0, 0]))
print("PyTorch", float(actual[0, 0, 0, 0]))
