"""What is known about a patient, and when."""
