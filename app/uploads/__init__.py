"""Direct uploads (直传): a photo goes from the phone to the object store, past this server."""
