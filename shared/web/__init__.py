"""What every HTTP app is made of."""
