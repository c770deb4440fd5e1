"""Alerts: what is wrong is sent to a chat or a monitor, once, and when it is over."""
