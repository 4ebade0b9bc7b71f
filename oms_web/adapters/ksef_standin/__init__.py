"""A KSeF that does not exist: to rehearse sending invoices, and to test it.

It speaks the interface of KSeF 2.0 as far as the product uses it, really decrypts what it is sent
and judges it by the Ministry's schema, keeps everything in memory and knows nothing of the product.
What it hands out is worth nothing: invoices sent here are not issued.
"""
