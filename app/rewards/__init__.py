"""Awards: which event earns how many points by which rule, within which caps."""
