//! Hash tables whose order and collisions a client cannot predict.
//!
//! On wasm32-unknown-unknown the standard library has no source of randomness, so its
//! `RandomState` uses the same keys in every program; on other targets keys taken at boot would be
//! part of the snapshot. For a table with keys chosen by clients use [`HashMap`] or [`HashSet`] from here,
//! made within the call.

use crate::random;
use std::hash::BuildHasher;

/// A hash map keyed from the call's random numbers.
pub type HashMap<K, V> = std::collections::HashMap<K, V, Seeded>;
/// A hash set keyed from the call's random numbers.
pub type HashSet<T> = std::collections::HashSet<T, Seeded>;

/// Keys of SipHash-2-4, drawn from [`random`] by `default()`.
#[derive(Clone, Copy, Debug)]
pub struct Seeded(u64, u64);

impl Default for Seeded {
    fn default() -> Self {
        Seeded(random::u64(), random::u64())
    }
}

impl BuildHasher for Seeded {
    // The standard library offers no other hasher that takes keys.
    #[allow(deprecated)]
    type Hasher = std::hash::SipHasher;

    #[allow(deprecated)]
    fn build_hasher(&self) -> Self::Hasher {
        std::hash::SipHasher::new_with_keys(self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyed_by_the_call() {
        random::seed(&[1; 16]);
        let a = Seeded::default();
        random::seed(&[2; 16]);
        let b = Seeded::default();
        assert_eq!(a.hash_one("x"), a.hash_one("x"));
        assert_ne!(a.hash_one("x"), b.hash_one("x"));
        let mut map: HashMap<&str, i32> = HashMap::default();
        map.insert("one", 1);
        assert_eq!(map["one"], 1);
    }
}
