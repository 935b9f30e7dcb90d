"""What the pages of incidents and complaints say: states, clocks and history in plain words, and what can be done."""
