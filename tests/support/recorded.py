"""What the recorded runs of results/ must have reached."""

FID_LIMITS = {"vanilla": 0.02, "dcgan": 0.017, "wgan-gp": 0.013, "cgan": 0.009}  # of the FID of noise
