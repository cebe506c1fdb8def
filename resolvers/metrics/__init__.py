"""/metrics: what this gateway has counted, as Prometheus reads it."""
