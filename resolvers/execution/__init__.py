"""Running an operation: its document, its limits, its execution, its answer."""
