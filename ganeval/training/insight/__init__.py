"""What a trained generator has learned: interpolations and activations, as stored arrays."""
