"""From a request to a worklist."""
