"""What whoever runs the service does to it from the command line."""
