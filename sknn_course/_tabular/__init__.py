"""Tables as people have them: columns read, encoded for networks."""
