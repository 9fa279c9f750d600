"""What each type of resource costs: one rule a type, or a reason why it is free."""
