"""Relations of cases: nearby and duplicates (并案), children, links, and photo suspicions."""
