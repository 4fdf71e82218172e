"""The kit: mechanisms without a word of the domain; it imports nothing else of app."""
