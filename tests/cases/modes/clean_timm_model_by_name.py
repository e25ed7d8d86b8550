# expected: nothing (the model is switched)
import timm
import torch

net = timm.create_model("resnet34", num_classes=5).cuda().eval()
net.load_state_dict(torch.load("net.pt"))
with torch.no_grad():
    for x in images:
        print(net(x).argmax(1))
