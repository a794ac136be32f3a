"""Marking on many machines, with Dask; needs the extra `cluster`."""
