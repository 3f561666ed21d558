//! Limits and checks before an order leaves; the only maker of Approved.
