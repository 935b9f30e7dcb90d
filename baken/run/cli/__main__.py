"""`python -m baken.run.cli`: the command line without the `baken` script."""

import sys

from baken.run.cli import main

sys.exit(main())
