//! Estimates from the market: volatility, arrival intensity, imbalance.
