"""Coding systems as types, and the tables that group codes, each with its source and version."""
