//! A venue in memory: matching, queue position, latency, fees; market generators.
