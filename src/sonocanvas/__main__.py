"""`python -m sonocanvas`: the command line."""

from sonocanvas.cli.app import main

main()
