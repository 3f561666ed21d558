//! Positions, lots and P&L, counted twice.
