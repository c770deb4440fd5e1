"""The parts of the stand-in's site: schemas, records, locales."""
