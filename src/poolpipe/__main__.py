"""`python -m poolpipe` is the command `poolpipe`."""

from poolpipe.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
