"""One step of a destination: claim, request, judge, settle."""
