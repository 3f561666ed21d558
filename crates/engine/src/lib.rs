//! One deterministic, single-threaded machine: an input goes in, commands come out.
//!
//! ```text
//!           ┌──────────────────────────── Engine::step ────────────────────────────┐
//! Input ──▶ │ books ─▶ (packet's last change) ─▶ portfolio marks ─▶ risk's equity   │
//!           │                                  ─▶ strategies ─▶ Wants ─▶ risk ─▶ orders │ ──▶ Commands
//!           │ reports ─▶ orders ─▶ risk, portfolio (compared) ─▶ strategies          │
//!           └──────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Beside risk stand, each in a module of its own: sessions and what they leave unknown ([`session`]), self-match prevention
//! ([`self_match`]), what venues' refusals teach ([`pacing`]), drop copies ([`reconcile`]).
//!
//! Time is `input.received_at`. The engine never reads a clock, a socket, a file or a random source, and never
//! waits. After its buffers have grown it allocates nothing: a step is a few array reads, one book update and,
//! on a packet's last change, one call per strategy.

pub mod engine;
pub mod guard;
mod hold;
pub mod operator;
pub mod pacing;
mod parts;
pub mod reconcile;
pub mod self_match;
pub mod session;
mod stale;
pub mod state;
pub mod strategy;

pub use engine::{Engine, EngineConfig, Seat};
pub use operator::{BustRequest, KillReport};
pub use portfolio::{AccountTerms, Balance, Books, Rate, TierTerms, Tiers};
pub use reconcile::CopyTerms;
pub use state::{StateError, StateHash, Unsaved};
pub use strategy::{Strategy, View, Want, Wants};
