"""Feedback (评价与回访): ratings, follow-up calls, satisfaction, answer templates, updates."""
