"""Media, from arrival to purge."""
