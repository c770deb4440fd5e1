"""The guided tour: a day of shop life in a minute, with everything that can go wrong."""
