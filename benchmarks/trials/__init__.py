"""What strangers broke, tried again: ends, exchanges, hostile input, a fresh machine, growth."""
