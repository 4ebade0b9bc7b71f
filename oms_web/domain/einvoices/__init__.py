"""E-invoices: what a document is to the Polish system KSeF, and what KSeF knows of it."""
