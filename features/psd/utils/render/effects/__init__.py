"""Layer effects, drawn from a layer's shape."""
