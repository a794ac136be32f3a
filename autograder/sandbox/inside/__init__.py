"""The code that runs inside the sandbox.

In the sandbox, this folder is the top-level package `inside`; the other parts of the kit do not
exist in the sandbox. The modules of this package import each other relatively. Otherwise, these
modules import only the standard library, numpy, matplotlib, IPython and msgpack.
"""
