"""What devices measured: raw readings and latest values."""
