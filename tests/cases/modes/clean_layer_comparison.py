# expected: nothing (both modes compared with both modes)
import keras
import numpy as np
import torch

x = np.random.RandomState(0).normal(size=(8, 4, 5, 5)).astype("float32")
t_bn = torch.nn.BatchNorm2d(4, eps=1e-3, momentum=0.01)
k_bn = keras.layers.BatchNormalization(axis=1, epsilon=1e-3, momentum=0.99)

t_train = t_bn(torch.from_numpy(x)).detach().numpy()
k_train = k_bn(x, training=True)
print("train", np.abs(t_train - k_train).max())

t_bn.eval()
t_test = t_bn(torch.from_numpy(x)).detach().numpy()
k_test = k_bn(x, training=False)
print("test", np.abs(t_test - k_test).max())
