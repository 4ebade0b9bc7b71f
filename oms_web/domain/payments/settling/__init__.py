"""What couriers and marketplaces pay out: read from reports, held against what was expected."""
