"""What runs behind the walls.

Inside the sandbox this folder is the top-level package `inside`, and nothing else of the kit is
there. Its modules import each other relatively and, apart from that, only the standard library,
numpy, matplotlib, IPython and msgpack.
"""
