//! Background work.

use crate::abi::JobRequest;

/// A piece of background work: `id`, `name`, `payload`, `attempt` and the time left.
///
/// A job may run again after a failure or a crash; `id` stays the same, so use it to make the
/// effect happen once.
pub type Job<'a> = JobRequest<'a>;
