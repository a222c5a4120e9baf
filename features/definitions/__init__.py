"""Stays, cohorts and outcomes: the definitions that a committee can check."""
