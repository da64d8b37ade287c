"""Tenants: apps, their API keys and their devices. Knows nothing of media."""
