"""Content safety (内容安全): what reporters send is checked before others see it."""
