"""The worklist: whom to call today, what became of each call, and the page on which care managers work."""
