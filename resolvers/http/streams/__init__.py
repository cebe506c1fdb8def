"""Results that go on: event streams and multipart, over one response."""
