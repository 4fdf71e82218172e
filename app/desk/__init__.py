"""The staff's day: counters, bulk dispatch, saved filters, search, exports, the print sheet."""
