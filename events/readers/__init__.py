"""Reading for one subscriber: replay, then live, without a hole or a repeat."""
