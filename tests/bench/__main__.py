"""`python -m tests.bench`: every measurement of a bound, at its full size. Exits with 1 where one is exceeded."""

import subprocess
import sys

SCRIPTS = ("searches", "names", "exports", "sign_ins")

failed = [
    name for name in SCRIPTS if subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode
]
sys.exit(f"A bound is exceeded: {', '.join(failed)}" if failed else 0)
