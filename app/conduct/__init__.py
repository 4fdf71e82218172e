"""Conduct (行为): what a person may send a day, who may not for a while, and who is trusted."""
