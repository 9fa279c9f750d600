"""What all apps of Fortress share. Imports nothing from apps."""
