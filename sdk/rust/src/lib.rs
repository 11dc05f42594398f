//! Write stackhost handlers, middleware, jobs and console commands in Rust.
//!
//! A module is a `cdylib` crate for `wasm32-unknown-unknown`. It names what it has to offer with one macro
//! for each trigger: [`http!`], [`middleware!`], [`job!`], [`commands!`], and [`boot!`] for work that is done
//! once, before the state that every later call starts from is taken.
//!
//! ```
//! use stackhost::{get, Request, Response, Result, Router};
//!
//! fn hello(request: &mut Request) -> Result {
//!     Ok(Response::text(format!("Hello, {}!\n", request.param("name"))))
//! }
//!
//! static ROUTES: Router = Router::new(&[get("/hello/{name}", hello)]);
//! stackhost::http!(ROUTES);
//! ```
//!
//! The main types are [`Request`], [`Response`] with [`Stream`] for answers that come piece by piece, and
//! [`Router`]. Everything that is asked of the host fails with an [`Error`] that has a stable [`Code`].
//! `testing` (on targets other than wasm32) runs handlers in `cargo test` against a host made of a few tables.
//!
//! Nothing here is meant for several threads: a module handles one call at a time.

// The order of the arms says which one is meant.
#![allow(clippy::match_overlapping_arm)]

#[rustfmt::skip]
pub mod abi;
mod batch;
mod blob;
mod body;
mod cache;
mod command;
mod error;
mod fetch;
pub mod guest;
pub mod hash;
mod host;
mod job;
pub mod json;
mod kv;
mod lock;
pub mod log;
mod middleware;
pub mod msgpack;
pub mod random;
mod request;
mod response;
mod router;
mod settings;
mod stream;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
pub mod urlencoded;
mod value;

pub use abi::{BootRequest, Code, Consistency, LogLevel, Redirect};
pub use batch::{Batch, Results};
pub use blob::{BlobInfo, BlobOptions, BlobWriter, Blobs};
pub use body::Body;
pub use cache::{Cache, Keep};
#[doc(hidden)]
pub use command::command as run_commands;
pub use command::{Command, Commands, Output, Progress};
pub use error::{Error, Result};
pub use fetch::{Fetch, Fetched};
pub use job::Job;
pub use kv::{transact, Entry, Kv, Page, Scan, Txn, Write, Written};
pub use lock::{Lease, Locks};
pub use middleware::Verdict;
pub use request::{Request, FORM_LIMIT};
pub use response::{IntoBytes, Response};
pub use router::{delete, get, patch, post, put, route, Handle, Handler, Route, Router};
pub use settings::{cluster_secret, config, secret, supports, Supports};
pub use stream::Stream;
pub use urlencoded::Form;
pub use value::Value;
