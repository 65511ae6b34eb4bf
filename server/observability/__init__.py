"""Metrics, logs, traces and error reports for operators. Each costs nothing while it is off."""
