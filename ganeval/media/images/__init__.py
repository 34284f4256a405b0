"""What a pixel is: decoding, grey levels, channels and orientation."""
