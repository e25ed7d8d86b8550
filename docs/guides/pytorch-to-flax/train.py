"""Train the port a little, and see where the running mean of its first layer is."""

import flax_net
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.training import train_state


class State(train_state.TrainState):
    batch_stats: dict


net = flax_net.Net()
made = net.init(jax.random.key(0), jnp.zeros((1, 32, 32, 3)), train=False)
state = State.create(
    apply_fn=net.apply,
    params=made["params"],
    batch_stats=made["batch_stats"],
    tx=optax.sgd(0.01),
)


@jax.jit
def step(state, images, labels):
    def loss_of(params):
        variables = {"params": params, "batch_stats": state.batch_stats}
        logits, updates = net.apply(variables, images, train=True, mutable=["batch_stats"])
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return losses.mean(), updates

    (loss, updates), gradients = jax.value_and_grad(loss_of, has_aux=True)(state.params)
    state = state.apply_gradients(grads=gradients)
    return state, loss


random = np.random.default_rng(0)
for _ in range(100):
    images = random.normal(1, 1, (8, 32, 32, 3)).astype("float32")
    labels = random.integers(0, 10, 8)
    state, loss = step(state, images, labels)

mean = state.batch_stats["bn1"]["mean"]
print(f"running mean of bn1: {abs(mean).max():.2g} at most")
