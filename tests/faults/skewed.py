"""Run gunicorn with a clock that is N seconds ahead: `python -m tests.faults.skewed N`, then gunicorn's arguments."""

import sys
from datetime import UTC, datetime, timedelta

import time_machine
from gunicorn.app.wsgiapp import run

if __name__ == "__main__":
    ahead = timedelta(seconds=int(sys.argv.pop(1)))
    time_machine.travel(datetime.now(UTC) + ahead, tick=True).start()  # leaves the monotonic clock unchanged
    run()
