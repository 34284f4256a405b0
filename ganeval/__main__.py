"""`python -m ganeval`, which is how `torchrun` starts it."""

from ganeval.cli import main

if __name__ == "__main__":
    main()
