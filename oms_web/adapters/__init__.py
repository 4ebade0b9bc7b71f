"""Machines of ours: files on disk, secrets, PDF, HTTP, spreadsheets."""
