"""Reads of statements, one module for each of them."""
