# expected: nothing (models by name, hub models, traces: what they are and how they come is not in view)
import timm
import torch
import torch.nn as nn

backbone = timm.create_model("vit_base_patch16_224", pretrained=True, num_classes=0)
detector = torch.hub.load("ultralytics/yolov5", "yolov5s")
scripted = torch.jit.load("encoder.ts")
whole = torch.load("whole_model.pt", weights_only=False)
norm = nn.BatchNorm1d(768).eval()

with torch.no_grad():
    a = norm(backbone(x))
    b = detector(image)
    c = scripted(x)
    d = whole(x)
