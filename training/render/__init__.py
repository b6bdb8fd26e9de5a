"""Pictures with known truth: hands, paper, light and cameras, drawn from a seed."""
