// A guest that does all it can to tell one client what another one sent: it looks for traces of earlier requests and then leaves
// its own everywhere. (AssemblyScript code cannot reach its module's table.)

import { Request, Response } from "stackhost";

const AREA = 65536;
/** 1 MiB, in pages of 64 KiB. */
const GROWN = 16;

const buffer = memory.data(AREA);
let heap = new StaticArray<u8>(0);
let global: u64 = 0;
let kept = "";
let size: i32 = 0;

/** Makes the heap area before the snapshot, so that it lies where it can be dirtied in place. */
export function prepare(): void {
  heap = new StaticArray<u8>(AREA);
  size = memory.size();
}

/** Grows memory by so many pages and gives the address of what was added, or 0. */
export function grow(pages: i32): usize {
  const before = memory.grow(pages);
  return before < 0 ? 0 : <usize>before << 16;
}

/** Describes the first byte that is not zero, or gives an empty text. */
function look(name: string, ptr: usize, length: i32): string {
  // Most calls find nothing, so eight bytes are looked at together.
  let clean = 0;
  while (clean + 8 <= length && !load<u64>(ptr + clean)) clean += 8;
  for (let i = clean; i < length; i++) {
    if (!load<u8>(ptr + i)) continue;
    let trace = "";
    for (let k = i; k < length && k < i + 32; k++) trace += String.fromCharCode(load<u8>(ptr + k));
    return name + " at " + i.toString() + ": " + trace;
  }
  return "";
}

/** Repeats the marker over the whole area, by copying what is already there: twice as much each time. */
function fill(ptr: usize, length: i32, marker: ArrayBuffer): void {
  let done = min(marker.byteLength, length);
  memory.copy(ptr, changetype<usize>(marker), done);
  while (done > 0 && done < length) {
    const more = min(done, length - done);
    memory.copy(ptr + done, ptr, more);
    done += more;
  }
}

export function leak(request: Request): Response {
  const marker = request.header("X-Marker", "unmarked");
  const larger = memory.size() != size;
  let found = look("static buffer", buffer, AREA);
  if (!found.length) found = look("heap", changetype<usize>(heap), AREA);
  if (!found.length && global) found = "global: " + global.toString();
  if (!found.length && kept.length) found = "string: " + kept;
  if (!found.length && larger) found = "memory is larger than it was at boot";
  const grown = grow(GROWN);
  if (grown && !found.length) found = look("grown memory", grown, GROWN << 16);

  const bytes = String.UTF8.encode(marker.length ? marker : "unmarked");
  fill(buffer, AREA, bytes);
  fill(changetype<usize>(heap), AREA, bytes);
  if (grown) fill(grown, GROWN << 16, bytes);
  for (let i = 0; i < marker.length; i++) global = global * 31 + marker.charCodeAt(i);
  kept = marker;
  return Response.text(found.length ? "leak: " + found : "clean");
}
