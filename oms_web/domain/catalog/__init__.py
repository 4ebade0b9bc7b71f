"""Products, their variants (the SKUs that are bought, stored and sold), barcodes and bundles."""
