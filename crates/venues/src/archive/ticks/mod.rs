//! x
mod time;
mod wall_clock;
pub use time::{Written, days_since_epoch, read as read_time};
pub use wall_clock::{Offset, WallClock};
