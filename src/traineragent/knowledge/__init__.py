"""What the agents know, as data: standard operating procedures, policy, lexicons, and the loaders that check them."""
