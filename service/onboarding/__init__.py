"""From a site and a payload to the first right item: choice, suggestion, trial delivery."""
