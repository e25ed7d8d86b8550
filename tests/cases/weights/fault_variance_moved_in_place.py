# expected: BN412 on line 13
import h5py

TORCH_EPS = 1e-5
KERAS_EPS = 1e-3


def lower_each_variance_of_a_keras_file(model, names, path):
    state = model.state_dict()
    with h5py.File(path, "r+") as file:
        for name in names:
            variance = state[name + ".running_var"].cpu().numpy()
            variance += TORCH_EPS - KERAS_EPS
            file[name]["gamma:0"][:] = state[name + ".weight"].numpy()
            file[name]["beta:0"][:] = state[name + ".bias"].numpy()
            file[name]["moving_mean:0"][:] = state[name + ".running_mean"].numpy()
            file[name]["moving_variance:0"][:] = variance
