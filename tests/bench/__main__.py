"""`python -m tests.bench [--memory]`: check every measured limit. Exits with 1 if a limit is exceeded.

`--memory` takes half a minute: it uses less data and checks no times, because times vary on a shared machine.
"""

import subprocess
import sys

FULL = {"searches": [], "names": [], "exports": [], "sign_ins": [], "caches": [], "recoveries": []}
MEMORY = {"names": ["20000"], "exports": ["20"], "sign_ins": [], "caches": ["500"]}


def main(arguments):
    failed = []
    for name, sizes in (MEMORY if "--memory" in arguments else FULL).items():
        print(f"== {name}", flush=True)  # noqa: T201
        if subprocess.run([sys.executable, "-m", f"tests.bench.{name}", *sizes], check=False).returncode:
            failed.append(name)
    return f"A bound is exceeded: {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
