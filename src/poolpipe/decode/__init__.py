"""Who in the pool: posterior probabilities of infection from pools, priors and the test's own errors."""
