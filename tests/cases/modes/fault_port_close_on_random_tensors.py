# expected: BN201 on line 12
import torch
import torchvision
import onnxruntime


def check(path, onnx):
    """Hold what was exported against the model."""
    model = torchvision.models.resnet18()
    model.load_state_dict(torch.load(path))
    dummy = torch.randn(1, 3, 224, 224)
    ours = model(dummy)
    session = onnxruntime.InferenceSession(onnx)
    theirs = session.run(None, {"input": dummy.numpy()})[0]
    assert torch.allclose(ours, torch.from_numpy(theirs), atol=1e-4)
