"""The features, by family; `CATALOGUE` is the tuple of them all."""
