"""Photos (照片): taken in, made clean, kept, and shown only to those who may see them."""
