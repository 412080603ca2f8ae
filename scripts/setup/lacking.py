"""Prints the packages of a requirements file, and of those that it names by -r, that this interpreter has in no version.

    python lacking.py REQUIREMENTS
"""

import importlib.metadata
import pathlib
import re
import sys


def names(path):
    for line in path.read_text().splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted.startswith("-r "):
            yield from names(path.parent / wanted.removeprefix("-r ").strip())
        elif wanted and not wanted.startswith("-"):
            yield re.match(r"[\w.-]+", wanted).group()


def is_there(name):
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    print(*(name for name in names(pathlib.Path(sys.argv[1])) if not is_there(name)))
