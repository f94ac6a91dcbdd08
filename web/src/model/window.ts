/** Window centre and width, and moving it in several views alike. */
export interface Window {
  centre: number;
  width: number;
}

/** How a window differs from the one the header gave. */
export interface WindowChange {
  /** Shift of the centre, in widths of the header's window. */
  shift: number;
  /** Width as a multiple of the header's. */
  stretch: number;
}

export function changeOf(header: Window, now: Window): WindowChange {
  return { shift: (now.centre - header.centre) / header.width, stretch: now.width / header.width };
}

export function windowAfter(header: Window, change: WindowChange): Window {
  return {
    centre: header.centre + change.shift * header.width,
    width: Math.max(1, header.width * change.stretch),
  };
}

/** The two ends, as a renderer wants them. */
export function rangeOf(window: Window): { lower: number; upper: number } {
  return { lower: window.centre - window.width / 2, upper: window.centre + window.width / 2 };
}

export function windowOf(range: { lower: number; upper: number }): Window {
  return { centre: (range.lower + range.upper) / 2, width: Math.max(1, range.upper - range.lower) };
}
