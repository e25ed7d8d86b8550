"""Copy the weights of the reference into the port, and see how far apart the two are."""

import keras
import keras_net
import numpy as np
import torch
import torch_net


def copy(reference, net):
    """Copy all weights from the Keras model into the PyTorch module."""
    for number in (1, 2):
        conv, bn = getattr(net, f"conv{number}"), getattr(net, f"bn{number}")
        (kernel,) = reference.get_layer(f"conv{number}").get_weights()
        conv.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        arrays = map(torch.from_numpy, reference.get_layer(f"bn{number}").get_weights())
        bn.weight.data, bn.bias.data, bn.running_mean.data, bn.running_var.data = arrays
    kernel, bias = reference.get_layer("head").get_weights()
    net.head.weight.data = torch.from_numpy(kernel.T.copy())
    net.head.bias.data = torch.from_numpy(bias)


def trained():
    """Return a reference with weights and statistics as training may leave them."""
    keras.utils.set_random_seed(0)
    model = keras_net.build()
    random = np.random.default_rng(0)
    for layer in model.layers:
        if layer.name.startswith("conv"):
            layer.set_weights([random.normal(0, 0.1, layer.kernel.shape)])
        elif layer.name.startswith("bn"):
            size = layer.gamma.shape
            gamma, beta, mean = (random.normal(1, 0.2, size) for _ in range(3))
            layer.set_weights([gamma, beta, mean / 10, random.uniform(0.001, 0.1, size)])
    return model


reference = trained()
net = torch_net.Net()
copy(reference, net)
images = np.random.default_rng(1).normal(size=(4, 32, 32, 3)).astype("float32")
expected = reference.predict(images, verbose=0)
with torch.no_grad():
    output = net(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
error = abs(output - expected).max() / abs(expected).max()
print(f"largest difference: {error:.1e} of the largest output")
