# expected: BN201 on line 20
import io

import torch
from flask import Flask, jsonify, request
from PIL import Image
from torchvision import models, transforms

app = Flask(__name__)
model = models.densenet121(num_classes=14)
model.load_state_dict(torch.load("chexnet.pth", map_location="cpu"))
prep = transforms.ToTensor()


@app.route("/predict", methods=["POST"])
def predict():
    image = Image.open(io.BytesIO(request.files["file"].read()))
    tensor = prep(image).unsqueeze(0)
    with torch.no_grad():
        scores = model(tensor).sigmoid()
    return jsonify(scores.tolist())


if __name__ == "__main__":
    app.run()
