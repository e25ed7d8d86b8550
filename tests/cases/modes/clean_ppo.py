# expected: nothing (actor and critic with values under no_grad that feed the loss)
import torch
import torch.nn as nn
from torch.distributions import Categorical


class ActorCritic(nn.Module):
    def __init__(self, obs, act):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(obs, 64), nn.BatchNorm1d(64), nn.Tanh())
        self.pi = nn.Linear(64, act)
        self.v = nn.Linear(64, 1)

    def forward(self, x):
        h = self.body(x)
        return Categorical(logits=self.pi(h)), self.v(h)


agent = ActorCritic(8, 4)
optimizer = torch.optim.Adam(agent.parameters(), lr=3e-4)
for update in range(1000):
    with torch.no_grad():
        _, next_value = agent(next_obs)
        returns = rewards + 0.99 * next_value * (1 - dones)
    dist, value = agent(obs)
    advantage = returns - value
    loss = -(dist.log_prob(actions) * advantage.detach()).mean() + advantage.pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
