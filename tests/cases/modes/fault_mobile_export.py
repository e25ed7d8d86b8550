# expected: BN604 on line 17
import argparse

import torch
import torchvision

parser = argparse.ArgumentParser()
parser.add_argument("weights")
parser.add_argument("--out", default="model.ptl")
args = parser.parse_args()

model = torchvision.models.mobilenet_v2(num_classes=5)
model.load_state_dict(torch.load(args.weights, map_location="cpu"))
example = torch.rand(1, 3, 224, 224)

with torch.no_grad():
    traced = torch.jit.trace(model, example)
traced.eval()
traced._save_for_lite_interpreter(args.out)
