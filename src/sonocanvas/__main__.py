"""`python -m sonocanvas`: the command line."""

from sonocanvas.cli.app import main

if __name__ == "__main__":
    main()
