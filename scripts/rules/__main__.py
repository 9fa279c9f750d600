"""`python -m scripts.rules`: prints what breaks a rule, and fails if anything does."""

import sys

from scripts.rules.check import check
from scripts.rules.source import sources

files = sources()
findings = check(files)
sys.stdout.writelines(f"{finding}\n" for finding in findings)
sys.stdout.write(f"{len(files)} files, {len(findings)} findings\n")
sys.exit(bool(findings))
