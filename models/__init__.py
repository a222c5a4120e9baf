"""What a released model is, and how any model is judged."""
