//! A guest that does all it can to tell one client what another one sent: it looks for traces of earlier
//! requests and then leaves its own everywhere. (Rust code cannot reach its module's table.)

use stackhost::{Request, Response, Result};
use std::cell::{Cell, RefCell};
use std::hint::black_box;

const AREA: usize = 64 << 10;
const PAGE: usize = 64 << 10;
/// 1 MiB, in pages.
const GROWN: usize = 16;

static mut BUFFER: [u8; AREA] = [0; AREA];

thread_local! {
    static GLOBAL: Cell<u64> = const { Cell::new(0) };
    static HEAP: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static KEPT: RefCell<String> = const { RefCell::new(String::new()) };
    static SIZE: Cell<usize> = const { Cell::new(0) };
}

/// Makes the heap area before the snapshot, so that it lies where it can be dirtied in place.
pub fn prepare() {
    HEAP.set(vec![0; AREA]);
    SIZE.set(memory_pages());
}

#[cfg(target_arch = "wasm32")]
fn memory_pages() -> usize {
    std::arch::wasm32::memory_size(0)
}

#[cfg(not(target_arch = "wasm32"))]
fn memory_pages() -> usize {
    0
}

/// Grows memory by so many pages and gives what was added.
#[cfg(target_arch = "wasm32")]
pub fn grow(pages: usize) -> Option<&'static mut [u8]> {
    let before = std::arch::wasm32::memory_grow(0, pages);
    // SAFETY: nobody else uses memory that did not exist before.
    (before != usize::MAX).then(|| unsafe {
        std::slice::from_raw_parts_mut((before * PAGE) as *mut u8, pages * PAGE)
    })
}

#[cfg(not(target_arch = "wasm32"))]
pub fn grow(pages: usize) -> Option<&'static mut [u8]> {
    Some(vec![0; pages * PAGE].leak())
}

pub fn leak(request: &mut Request) -> Result {
    let marker = request.header("X-Marker").unwrap_or("unmarked").to_string();
    let mut found = String::new();
    let mut look = |name: &str, area: &[u8]| {
        let at = first_mark(black_box(area));
        if let (Some(at), true) = (at, found.is_empty()) {
            let trace = String::from_utf8_lossy(&area[at..area.len().min(at + 32)]);
            found = format!("{name} at {at}: {trace:?}");
        }
    };
    // SAFETY: a module runs one call at a time, and nothing else touches the buffer.
    let buffer = unsafe { &mut *std::ptr::addr_of_mut!(BUFFER) };
    look("static buffer", buffer);
    HEAP.with_borrow(|heap| look("heap", heap));
    look("global", &GLOBAL.get().to_le_bytes());
    KEPT.with_borrow(|kept| look("string", kept.as_bytes()));
    let foreign = memory_pages() != SIZE.get();
    let mut no_room: [u8; 0] = [];
    let grown = grow(GROWN).unwrap_or(&mut no_room);
    look("grown memory", grown);
    if foreign && found.is_empty() {
        found = "memory is larger than it was at boot".to_string();
    }

    fill(buffer, &marker);
    HEAP.with_borrow_mut(|heap| fill(heap, &marker));
    fill(grown, &marker);
    GLOBAL.set(marker.bytes().fold(1, |h: u64, b| h.wrapping_mul(31).wrapping_add(b.into())));
    KEPT.set(marker);
    Ok(Response::text(match found.is_empty() {
        true => "clean".to_string(),
        false => format!("leak: {found}"),
    }))
}

/// Index of the first byte that is not zero. Most calls find none, so 16 bytes are looked at together.
fn first_mark(area: &[u8]) -> Option<usize> {
    let clean = area.chunks(16).take_while(|c| c.iter().fold(0, |all, b| all | b) == 0).count() * 16;
    area.iter().skip(clean).position(|b| *b != 0).map(|at| clean + at)
}

/// Repeats the marker over the whole area, by copying what is already there: twice as much each time.
fn fill(area: &mut [u8], marker: &str) {
    let mut done = marker.len().min(area.len());
    area[..done].copy_from_slice(&marker.as_bytes()[..done]);
    while done > 0 && done < area.len() {
        let more = done.min(area.len() - done);
        area.copy_within(..more, done);
        done += more;
    }
    black_box(area);
}
