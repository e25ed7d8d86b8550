"""What every run imports, made cheap to import: records and regular expressions."""
