"""Tables, maps and reports.  Nothing is measured here."""
