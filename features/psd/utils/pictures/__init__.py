"""Writing pictures and their previews."""
