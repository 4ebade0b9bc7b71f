"""What accountants take: the month's sales register (JPK), and files for their programs."""
