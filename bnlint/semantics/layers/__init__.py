"""Where batch normalisation is built or applied, with what is known of each argument."""
