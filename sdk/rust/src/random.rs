//! Random numbers of the current call.
//!
//! Each call brings 16 bytes that the host never gives twice. They key a ChaCha20 generator
//! (20 rounds, the 128-bit key form "expand 16-byte k", 64-bit block counter and nonce 0), whose
//! key stream, read as little-endian numbers, is what these functions return. It is fit for tokens and
//! keys. A module is restored to the state after boot before each call, so a seed taken at boot, or
//! a generator of your own that lives in a static, would repeat; this one does not.
//!
//! There is no seed before the first call: drawing numbers at boot panics.

use std::cell::RefCell;

const ROUNDS: usize = 20;

struct Generator {
    key: Option<[u8; 16]>,
    counter: u64,
    block: [u8; 64],
    used: usize,
}

thread_local! {
    static CURRENT: RefCell<Generator> =
        const { RefCell::new(Generator { key: None, counter: 0, block: [0; 64], used: 64 }) };
}

/// Begins a call's numbers. Does no work until the first is drawn.
pub(crate) fn seed(random: &[u8]) {
    let key = random.get(..16).and_then(|b| b.try_into().ok());
    CURRENT.with_borrow_mut(|g| {
        g.key = key;
        g.counter = 0;
        g.used = g.block.len();
    });
}

impl Generator {
    fn fill(&mut self, out: &mut [u8]) {
        let key = self.key.expect("random numbers exist only within a call, not at boot");
        for byte in out {
            if self.used == self.block.len() {
                self.block = block(&key, self.counter);
                self.counter += 1;
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

fn block(key: &[u8; 16], counter: u64) -> [u8; 64] {
    let word = |b: &[u8], i: usize| u32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
    let mut start = [0u32; 16];
    for i in 0..4 {
        start[i] = word(b"expand 16-byte k", i * 4);
        start[4 + i] = word(key, i * 4);
        start[8 + i] = word(key, i * 4);
    }
    start[12] = counter as u32;
    start[13] = (counter >> 32) as u32;
    let mut s = start;
    for round in 0..ROUNDS {
        for i in 0..4 {
            // Odd rounds work on the diagonals.
            let d = round & 1;
            let (a, b) = (i, 4 + (i + d) % 4);
            quarter(&mut s, a, b, 8 + (i + 2 * d) % 4, 12 + (i + 3 * d) % 4);
        }
    }
    let mut out = [0; 64];
    for i in 0..16 {
        out[i * 4..][..4].copy_from_slice(&s[i].wrapping_add(start[i]).to_le_bytes());
    }
    out
}

fn quarter(s: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    for (x, y) in [(16, 12), (8, 7)] {
        s[a] = s[a].wrapping_add(s[b]);
        s[d] = (s[d] ^ s[a]).rotate_left(x);
        s[c] = s[c].wrapping_add(s[d]);
        s[b] = (s[b] ^ s[c]).rotate_left(y);
    }
}

/// Fills a slice.
pub fn fill(out: &mut [u8]) {
    CURRENT.with_borrow_mut(|g| g.fill(out));
}

/// An array of bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    fill(&mut out);
    out
}

/// A number of 64 bits.
pub fn u64() -> u64 {
    u64::from_le_bytes(bytes())
}

/// A number from 0 up to, not including, `end`, each equally likely. 0 when `end` is 0.
pub fn below(end: u64) -> u64 {
    // Lemire, "Fast Random Integer Generation in an Interval" (2019), section 4.
    let threshold = if end == 0 { return 0 } else { end.wrapping_neg() % end };
    loop {
        let product = u128::from(u64()) * u128::from(end);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

/// A number from 0 up to, not including, 1.
pub fn float() -> f64 {
    (u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// `n` bytes as lower-case hex digits.
pub fn hex(n: usize) -> String {
    let mut out = vec![0; n];
    fill(&mut out);
    let digit = |d: u8| char::from_digit(d.into(), 16).unwrap_or('0');
    out.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chacha20_test_vector() {
        // draft-strombergson-chacha-test-vectors-01, TC1, 20 rounds, 128-bit key.
        seed(&[0; 16]);
        assert_eq!(
            hex(64),
            "89670952608364fd00b2f90936f031c8e756e15dba04b8493d00429259b20f46\
             cc04f111246b6c2ce066be3bfb32d9aa0fddfbc12123d4b9e44f34dca05a103f"
        );
    }

    #[test]
    fn a_call_repeats_nothing_of_another() {
        seed(&[1; 16]);
        let first: [u8; 100] = bytes();
        seed(&[2; 16]);
        assert_ne!(first, bytes::<100>());
        seed(&[1; 16]);
        assert_eq!(first, bytes::<100>());
    }

    #[test]
    fn ranges() {
        seed(&[3; 16]);
        for end in [1, 2, 3, 10, u64::MAX] {
            for _ in 0..100 {
                assert!(below(end) < end);
                assert!((0.0..1.0).contains(&float()));
            }
        }
        assert_eq!(below(0), 0);
    }
}
