"""What calls are worth: what may be expected of them, and what those that were made have done."""
