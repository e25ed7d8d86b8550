"""Count what the port gets right."""

import paddle
import paddle_net

net = paddle_net.Net()
net.set_state_dict(paddle.load("net.pdparams"))
images, labels = paddle.load("test.pdtensor")
right = 0
with paddle.no_grad():
    for image, label in zip(images, labels):
        right += int(net(image.unsqueeze(0)).argmax() == label)
print(f"{right / len(images):.1%} are right")
