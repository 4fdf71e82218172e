"""Telling people: an inbox that is the truth; further channels deliver copies of it."""
