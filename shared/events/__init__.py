"""Device events as those read them who count something in them: with their numbers exact."""
