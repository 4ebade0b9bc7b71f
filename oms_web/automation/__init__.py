"""What is done for the seller without a click for each order: bulk changes, rules, macros."""
