# expected: BN212 on line 7
import torch
from torchvision.models import mobilenet_v3_small

model = mobilenet_v3_small(num_classes=3).to("cuda")
model.load_state_dict(torch.load("weights.pt"))
model.eval
with torch.no_grad():
    print(model(batch.to("cuda")).argmax(1))
