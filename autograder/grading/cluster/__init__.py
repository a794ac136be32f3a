"""Mark on many machines, with Dask; this package needs the extra `cluster`."""
