"""What any resource needs. It imports nothing else of ours, and knows no profile."""
