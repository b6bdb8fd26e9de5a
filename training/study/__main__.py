"""`python -m training.study` is the same as `camd train study`."""

import sys

from camd.cli.root import main

if __name__ == "__main__":
    sys.argv[1:1] = ["train", "study"]
    main()
