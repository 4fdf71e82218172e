"""The sample district and the story that `demo` plays."""
