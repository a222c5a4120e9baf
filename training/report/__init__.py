"""The report of a release, for a quality committee and whoever answers for it: made of what the release recorded."""
