"""Cases (案件): the work behind reports, from routing to closing. The canonical feature."""
