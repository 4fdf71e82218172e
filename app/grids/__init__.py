"""Grids (网格): the smallest areas with a person in charge, and which of them a point lies in."""
