"""Sets of samples, and how one sample is decoded."""
