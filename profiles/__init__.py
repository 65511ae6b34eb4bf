"""The profile: its row, who may do what to it, how it is validated, written and served over REST."""
