"""Systems of the literature that the cascade is compared with, each a folder of the same shape as a family."""
