"""What the quality committee sees: is it right, is it fair, does it drift, which member is an outlier."""
