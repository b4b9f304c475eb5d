"""The benchmark: Meritbook beside the limit and beside its peers, on the same data, doing the same work."""
