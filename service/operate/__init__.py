"""What more than one way in shows of a system: no Flask and no click."""
