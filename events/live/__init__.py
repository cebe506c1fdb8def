"""Events as they come: one tail for each process, a ring, and who is told."""
