"""People, the ways they sign in, and the roles granted to them for a region's subtree."""
