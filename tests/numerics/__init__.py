"""The kit's numerics beside jax, torch.func and neural-tangents: `python -m tests.numerics`."""
