"""A simulated network: what it would really receive, with a planted truth."""
