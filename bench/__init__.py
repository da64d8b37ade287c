"""What is claimed about speed and memory, as commands anyone can run."""
