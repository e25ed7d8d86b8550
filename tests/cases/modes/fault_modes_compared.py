# expected: BN211 on line 10
import numpy as np
import tensorflow as tf
import torch

x = np.random.rand(4, 8, 8, 3).astype(np.float32)
tf_bn = tf.keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
pt_bn = torch.nn.BatchNorm2d(3)
out_tf = tf_bn(x).numpy()
out_pt = pt_bn(torch.from_numpy(x).permute(0, 3, 1, 2)).detach().numpy()
print(np.abs(out_tf - out_pt.transpose(0, 2, 3, 1)).max())
