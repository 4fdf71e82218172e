"""The one client that speaks to WeChat; nobody else knows its address and error codes."""
