"""From samples to features: one extraction loop, the content-addressed store, resizes."""
