"""What the public estimators are made of: targets, rows, fitted state, prediction."""
