# expected: BN201 on line 8
import segmentation_models_pytorch as smp
import torch

net = smp.Unet("resnet34", classes=10)
net.load_state_dict(torch.load("net.pt"))
for x in test_loader:
    print(net(x).argmax(1))
