# expected: nothing (whole states are averaged, statistics among them)
"""Federated averaging over state dictionaries."""

import copy

import torch
import torchvision


def average(states):
    mean = copy.deepcopy(states[0])
    for key in mean:
        for state in states[1:]:
            mean[key] += state[key]
        mean[key] = torch.div(mean[key], len(states))
    return mean


def main(clients, train, rounds):
    model = torchvision.models.resnet18(num_classes=10)
    for _ in range(rounds):
        states = [train(copy.deepcopy(model), client) for client in clients]
        model.load_state_dict(average(states))
    model.eval()
    return model
