"""Patrols (巡查): plans, check-ins, tracks, findings that become cases, and missed rounds."""
