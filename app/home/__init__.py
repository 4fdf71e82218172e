"""The mini-program's home page: one call over points, reports and messages."""
