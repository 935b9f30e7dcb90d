"""What the benchmarks of sealed text are run on: a database of its own, and many sealed messages in it."""
