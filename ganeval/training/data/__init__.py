"""The data of a training run: splits, domains, and tensors in memory."""
