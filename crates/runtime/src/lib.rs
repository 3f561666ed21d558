//! Configuration, sources and the ways to run: backtest, replay, verify.
