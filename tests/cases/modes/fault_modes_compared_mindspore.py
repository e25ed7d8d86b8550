# expected: BN211 on line 13
import mindspore as ms
import numpy as np
import torch

data = np.random.randn(2, 3, 4, 4).astype(np.float32)


def compare():
    t = torch.nn.BatchNorm2d(3)
    m = ms.nn.BatchNorm2d(3, momentum=0.9)
    a = t(torch.tensor(data)).detach().numpy()
    b = m(ms.Tensor(data)).asnumpy()
    print(np.allclose(a, b, atol=1e-4))


compare()
