"""`python cli.py ...` from a checkout; installed, the command is `ganeval`. Not part of the wheel."""

from ganeval.cli import main

if __name__ == "__main__":
    main()
