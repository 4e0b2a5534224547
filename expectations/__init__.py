"""What must be true of each table, as suites with reasons."""
