//! Readers of a run: performance, markouts, attribution, and the page that shows them.
