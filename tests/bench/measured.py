"""Serves reporting as it is served, and at its end writes to a file what it used."""

import json
import resource
import sys
import time
from pathlib import Path

from apps.reporting.main import create_app
from apps.reporting.settings import ReportingSettings
from shared.web.serve import serve

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most memory that this process had resident."""
    if not STATUS.exists():  # macOS, where getrusage counts in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage would count what the parent had when it started this process.
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    code = serve(create_app, ReportingSettings)
    used = {"peak_mib": round(peak_bytes() / 2**20, 1), "cpu_s": round(time.process_time(), 2)}
    Path(sys.argv[1]).write_text(json.dumps(used))
    sys.exit(code)
