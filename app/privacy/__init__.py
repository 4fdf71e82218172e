"""Personal data (个人信息保护): consent, looks at it, a copy of it, and its end."""
