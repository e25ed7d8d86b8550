"""Models and layers as objects: where they are made, and everything that is done with them."""
