# expected: nothing yet, though BN201 would be right on line 12 (the class is in another file)
import torch

from models.unet import UNet

net = UNet(n_channels=3, n_classes=2)
net.load_state_dict(torch.load("unet.pth"))
net.to("cuda")


with torch.no_grad():
    mask = net(image.to("cuda"))
