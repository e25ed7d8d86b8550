# expected: nothing (the target network is run in training mode, as it was born)
"""Deep deterministic policy gradient, with normalised states."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class CriticWithNorm(nn.Module):
    def __init__(self, states, actions):
        super().__init__()
        self.bn = nn.BatchNorm1d(states)
        self.hidden = nn.Linear(states + actions, 64)
        self.value = nn.Linear(64, 1)

    def forward(self, state, action):
        x = torch.cat((self.bn(state), action), 1)
        return self.value(F.relu(self.hidden(x)))


class CriticAgent:
    def __init__(self, states, actions):
        self.local = CriticWithNorm(states, actions)
        self.target = copy.deepcopy(self.local)
        self.optimizer = torch.optim.Adam(self.local.parameters(), 1e-3)

    def learn(self, state, action, reward, after, then):
        wanted = reward + 0.99 * self.target(after, then).detach()
        loss = F.mse_loss(self.local(state, action), wanted)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.soft_update(self.local, self.target, 1e-3)

    def soft_update(self, local, target, tau):
        for t, o in zip(target.parameters(), local.parameters()):
            t.data.copy_(tau * o.data + (1.0 - tau) * t.data)
