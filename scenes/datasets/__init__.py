"""Real data sets as `core2d.train.recipe.Data`: three sets that share no example."""
