"""What providers are compared by, and after allowing for what. It looks back on what finally became known."""
