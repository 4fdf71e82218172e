"""Posts (岗位): nets, units, who is appointed to what, who is on duty, and the duty board."""
