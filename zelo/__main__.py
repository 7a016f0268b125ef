"""`python -m zelo` is the zelo command."""

from zelo.cli import main

if __name__ == "__main__":
    main()
