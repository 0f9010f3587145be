"""Steps of compiled loops through activations: what each does to Σ and Θ of a pair of inputs."""
