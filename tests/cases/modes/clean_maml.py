# expected: nothing (MAML: batch statistics always, fast weights)
import torch
import torch.nn as nn
import torch.nn.functional as F


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.vars = nn.ParameterList([nn.Parameter(torch.ones(32, 3, 3, 3)), nn.Parameter(torch.zeros(32))])
        self.vars_bn = nn.ParameterList([nn.Parameter(torch.zeros(32), requires_grad=False)] * 2)

    def forward(self, x, vars=None, bn_training=True):
        vars = self.vars if vars is None else vars
        x = F.conv2d(x, vars[0], vars[1])
        running_mean, running_var = self.vars_bn[0], self.vars_bn[1]
        return F.batch_norm(x, running_mean, running_var, vars[1], vars[1], training=bn_training)


class Meta(nn.Module):
    def __init__(self, lr=0.01):
        super().__init__()
        self.net = Learner()
        self.lr = lr

    def forward(self, x_spt, y_spt, x_qry, y_qry):
        loss = F.cross_entropy(self.net(x_spt, None, bn_training=True), y_spt)
        grad = torch.autograd.grad(loss, self.net.parameters())
        fast = [p - self.lr * g for g, p in zip(grad, self.net.parameters())]
        with torch.no_grad():
            logits_q = self.net(x_qry, fast, bn_training=True)
        return logits_q
