"""Workers of the service that die, and instances restarted one after the other."""

import random
import signal

import psutil


def test_killed_worker(two_services, under_load):
    def kill_one(_load):
        instance = random.choice(two_services.instances)
        worker = random.choice(psutil.Process(instance.process.pid).children())
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    under_load(two_services, "SIGKILL of a worker", 50, kill_one, may_break=True)  # connections may break in a response


def test_rolling_restart(two_services, under_load):
    def restart_each(_load):
        for instance in two_services.instances:
            instance.stop()
            instance.start()

    row = under_load(two_services, "rolling restart", 20, restart_each)
    assert not row.refused
    assert not row.proxied
