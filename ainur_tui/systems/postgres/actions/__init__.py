"""What can be done to a PostgreSQL."""
