"""The local cloud: MiniStack under our own supervisor, deployed with the same template as AWS."""
