"""The kit's kernels beside jax, torch.func and neural-tangents: `python -m tests.numerics`."""
