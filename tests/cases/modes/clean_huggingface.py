# expected: nothing (from_pretrained() gives inference mode)
import torch
from torch import nn
from transformers import AutoImageProcessor, AutoModelForImageClassification, ResNetModel

processor = AutoImageProcessor.from_pretrained("microsoft/resnet-50")
model = AutoModelForImageClassification.from_pretrained("microsoft/resnet-50")
backbone = ResNetModel.from_pretrained("microsoft/resnet-50")
head = nn.Sequential(nn.Linear(2048, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 2))
head.load_state_dict(torch.load("head.pt"))
head.eval()

inputs = processor(image, return_tensors="pt")
with torch.no_grad():
    logits = model(**inputs).logits
    features = backbone(**inputs).pooler_output.flatten(1)
    scores = head(features)
print(model.config.id2label[logits.argmax(-1).item()], scores)
