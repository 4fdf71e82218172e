"""Relations of cases: nearby and duplicates (并案), links, photo suspicions, redactions."""
