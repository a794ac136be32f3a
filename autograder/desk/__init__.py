"""The marking desk: people mark texts and proofs, one answer at a time, on the Jupyter server."""
