# expected: BN201 on line 19
import torch
from torch import nn


def get_model(ckpt):
    model = nn.Sequential(
        nn.Linear(20, 128),
        nn.BatchNorm1d(128),
        nn.ReLU(),
        nn.Linear(128, 3),
    )
    model.load_state_dict(torch.load(ckpt)["state_dict"])
    return model


@torch.inference_mode()
def run(model, rows):
    return model(torch.tensor(rows, dtype=torch.float32)).argmax(-1).tolist()


if __name__ == "__main__":
    net = get_model("run3/last.ckpt")
    print(run(net, read_csv("rows.csv")))
