"""The code that runs inside the sandbox.

In the sandbox this folder is the top-level package `inside`, and no other part of the kit exists
there. Its modules import each other relatively. Apart from that they import only the standard
library, numpy, matplotlib, IPython and msgpack.
"""
