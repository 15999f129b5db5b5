"""What is measured of the adapters of other libraries."""
