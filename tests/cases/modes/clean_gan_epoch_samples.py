# expected: nothing (sampling helper of a GAN trainer)
import torch
from torch import nn
from torchvision.utils import save_image


class Generator(nn.Module):
    def __init__(self, latent_dim=100):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent_dim, 128), nn.BatchNorm1d(128), nn.LeakyReLU(0.2), nn.Linear(128, 784), nn.Tanh()
        )

    def forward(self, z):
        return self.net(z).view(-1, 1, 28, 28)


generator = Generator()


def sample_image(n_row, batches_done):
    z = torch.randn(n_row**2, 100)
    with torch.no_grad():
        gen_imgs = generator(z)
    save_image(gen_imgs.data, f"images/{batches_done}.png", nrow=n_row, normalize=True)


def interpolate(a, b, steps=8):
    codes = torch.stack([a + (b - a) * t / steps for t in range(steps)])
    with torch.inference_mode():
        return generator(codes)


for epoch in range(200):
    for i, (imgs, _) in enumerate(dataloader):
        optimizer_G.zero_grad()
        gen_imgs = generator(torch.randn(imgs.shape[0], 100))
        g_loss = adversarial_loss(discriminator(gen_imgs), valid)
        g_loss.backward()
        optimizer_G.step()
    sample_image(10, epoch)
