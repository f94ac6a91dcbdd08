// Synthetic breasts for the browser tests, stored in ways that a viewer must undo. Each is made as
// it should hang - u columns from the chest wall, v rows from the top - and then stored turned.

export const kWide = 560;
export const kHigh = 720;
export const kSpacing = 0.32;

// How the stored picture lies, and where it puts the point (u, v) of the hung one.
const kStorings = {
  // Chest wall at the right edge.
  wallRight: { size: [kWide, kHigh], at: (u, v) => [kWide - u, v] },
  wallLeft: { size: [kWide, kHigh], at: (u, v) => [u, v] },
  wallRightUpsideDown: { size: [kWide, kHigh], at: (u, v) => [kWide - u, kHigh - v] },
  // A quarter turn: the chest wall is on top and rows run towards the feet.
  wallOnTop: { size: [kHigh, kWide], at: (u, v) => [v, u] },
};

// `blobs`: [u, v, radius in pixels, score]; the picture is bright there.
export const kViews = {
  'R-CC': {
    storing: 'wallRight', orientation: ['P', 'L'], blobs: [[190, 330, 26, 0.83]],
  },
  'L-CC': {
    // Mirrored against the usual way: only the header can tell the viewer.
    storing: 'wallRight', orientation: ['P', 'R'], blobs: [[150, 400, 18, 0.31]],
  },
  'R-MLO': {
    storing: 'wallRightUpsideDown', orientation: ['P', 'HR'], blobs: [[210, 250, 26, 0.79]],
  },
  'L-MLO': {
    storing: 'wallOnTop', orientation: ['FL', 'A'], blobs: [],
  },
};

function noise(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

// Smooth texture: a coarse grid of random values, interpolated.
function texture(seed) {
  const random = noise(seed);
  const step = 24;
  const across = Math.ceil(kWide / step) + 2;
  const grid = Float32Array.from({ length: across * (Math.ceil(kHigh / step) + 2) }, random);
  return (u, v) => {
    const x = u / step;
    const y = v / step;
    const i = Math.floor(x);
    const j = Math.floor(y);
    const at = (a, b) => grid[(j + b) * across + i + a];
    const top = at(0, 0) + (at(1, 0) - at(0, 0)) * (x - i);
    const bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * (x - i);
    return top + (bottom - top) * (y - j);
  };
}

function brightness(view, seed) {
  const tissue = texture(seed);
  const oblique = view.endsWith('MLO');
  return (u, v, blobs) => {
    const middle = oblique ? 0.56 : 0.5;
    const reach = 330 * Math.sqrt(Math.max(0, 1 - ((v / kHigh - middle) / 0.44) ** 2));
    const edge = Math.min(1, Math.max(0, (reach - u) / 40));
    let value = edge * (900 + 900 * tissue(u, v) * Math.max(0.2, 1 - Math.abs(u - 170) / 200));
    const muscle = 150 - v * 0.36;
    if (oblique && u < muscle) value = Math.max(value, 2100);
    for (const [bu, bv, radius] of blobs) {
      const far = Math.hypot(u - bu, v - bv) / radius;
      if (far < 1) value = 3500 - 300 * far;
    }
    return Math.round(value);
  };
}

// {columns, rows, pixels: Buffer of 16-bit little-endian}
export function picture(view, seed, blobs = kViews[view].blobs) {
  const { storing } = kViews[view];
  const { size, at } = kStorings[storing];
  const [columns, rows] = size;
  const value = brightness(view, seed);
  const pixels = Buffer.alloc(columns * rows * 2);
  for (let v = 0; v < kHigh; v++) {
    for (let u = 0; u < kWide; u++) {
      const [x, y] = at(u + 0.5, v + 0.5).map(Math.floor);
      pixels.writeUInt16LE(value(u, v, blobs), (y * columns + x) * 2);
    }
  }
  return { columns, rows, pixels };
}

// The findings of a view as findings.json has them: the blobs, in stored pixels.
export function findings(view, blobs = kViews[view].blobs) {
  const { storing } = kViews[view];
  const { at } = kStorings[storing];
  return blobs.map(([u, v, radius, score], index) => ({
    id: `${view}-${index + 1}`,
    kind: 'mass',
    score,
    raw_score: score,
    presence: 0.9,
    contour: Array.from({ length: 32 }, (_, i) => {
      const angle = (i / 32) * 2 * Math.PI;
      return at(u + radius * Math.cos(angle), v + radius * Math.sin(angle));
    }),
  }));
}
