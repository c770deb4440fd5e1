"""The guided tour: a day of shop traffic in a minute, failures included."""
