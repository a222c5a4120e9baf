"""From a dataset to a release."""
