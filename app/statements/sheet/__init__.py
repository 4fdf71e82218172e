"""Statements as papers, one module for each of them; no member is named but in their own."""
