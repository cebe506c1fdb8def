"""Subscriptions: an execution for each event, shared by all who asked the same."""
