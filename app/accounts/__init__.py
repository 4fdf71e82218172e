"""Administration of who signs in: staff accounts, sessions, roles, broken glass, API clients."""
