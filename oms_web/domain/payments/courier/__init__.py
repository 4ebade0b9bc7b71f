"""What couriers charge: their invoices, parcel by parcel, held against what was booked."""
