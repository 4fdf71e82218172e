"""Clocks (时限): accept, made-safe, handle, check; frozen deadlines, paused and stopped."""
