// Which rows of a long list are on the screen: offsets by height, and the range for a position.

/** Where each row begins; one more entry than rows, the last being the whole height. */
export function offsetsOf(heights: readonly number[]): Float64Array {
  const offsets = new Float64Array(heights.length + 1);
  heights.forEach((height, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + height;
  });
  return offsets;
}

/** The row at a position: the last that begins at or before it. */
export function rowAt(offsets: Float64Array, position: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The rows to draw, `end` exclusive: those in view and `spare` pixels more on both sides. */
export function rangeOf(
  offsets: Float64Array,
  { top, height, spare }: { top: number; height: number; spare: number },
): { start: number; end: number } {
  const rows = offsets.length - 1;
  if (rows <= 0) return { start: 0, end: 0 };
  return { start: rowAt(offsets, top - spare), end: Math.min(rows, rowAt(offsets, top + height + spare) + 1) };
}
