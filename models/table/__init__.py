"""Models of somebody's own table: how cells become numbers, what earlier rows of a person tell, and their release."""
