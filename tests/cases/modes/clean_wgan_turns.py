# expected: nothing (the discriminator is frozen for the turn of the generator only)
import torch
import torch.nn as nn

netD = nn.Sequential(nn.Conv2d(3, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.LeakyReLU(0.2))
netG = nn.Sequential(nn.ConvTranspose2d(100, 64, 4), nn.BatchNorm2d(64), nn.ReLU())
optimizerD = torch.optim.Adam(netD.parameters())
optimizerG = torch.optim.Adam(netG.parameters())

for real in loader:
    for p in netD.parameters():
        p.requires_grad = True
    noise = torch.randn(64, 100, 1, 1)
    loss = netD(netG(noise).detach()).mean() - netD(real).mean()
    optimizerD.zero_grad()
    loss.backward()
    optimizerD.step()

    for p in netD.parameters():
        p.requires_grad = False
    loss = -netD(netG(noise)).mean()
    optimizerG.zero_grad()
    loss.backward()
    optimizerG.step()
