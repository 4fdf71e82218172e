"""The tree of regions (行政区划与网格树): district, street, community, grid, at any depth."""
