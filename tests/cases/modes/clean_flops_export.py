# expected: nothing (one of the counters switches the model and leaves it so)
import torch
import torch.onnx
from ptflops import get_model_complexity_info
from torch import nn
from torchsummary import summary
from torchvision.models import resnet18

model = resnet18()
summary(model, (3, 224, 224))
macs, params = get_model_complexity_info(model, (3, 224, 224))
torch.onnx.export(model, torch.randn(1, 3, 224, 224), "resnet18.onnx", opset_version=13)
traced = torch.jit.trace(model, torch.randn(1, 3, 224, 224))
with torch.no_grad():
    ref = model(x)
    out = traced(x)
print((ref - out).abs().max())
