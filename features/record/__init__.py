"""The canonical tables, the store that keeps them, and the one door to what was known."""
