# expected: nothing (an exported notebook with cells in order)
# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn

# %%
model = nn.Sequential(
    nn.Linear(1, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Linear(64, 1),
)
model

# %%
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
history = []
for epoch in range(500):
    pred = model(x_train)
    loss = nn.functional.mse_loss(pred, y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())

# %%
model.eval()
with torch.no_grad():
    y_pred = model(torch.from_numpy(np.linspace(-3, 3, 200, dtype="float32"))[:, None])
plt.plot(y_pred.numpy())

# %%
model.train()
plt.plot(history)
