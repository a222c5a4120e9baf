"""One reader a format; each declares the tables that it fills."""
