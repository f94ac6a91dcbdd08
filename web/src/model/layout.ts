/** Where each picture stands in its pane, at one scale for all, and how panes move together. */
import type { Hanging, Side, Vector } from './hanging';

export interface Picture {
  columns: number;
  rows: number;
  /** Millimetres of a pixel along a row, and down a column. */
  columnSpacing: number;
  rowSpacing: number;
}
export interface Size {
  width: number;
  height: number;
}
/** What a pane shows: millimetres of the picture, measured as it hangs on the screen. */
export interface Pose {
  /** Half the height of the pane, in millimetres. */
  halfHeight: number;
  /** The point of the picture in the middle of the pane, from the picture's middle. */
  right: number;
  down: number;
}

const kAir = 1.02;

/** Width and height of the picture as it hangs, in millimetres. */
export function hungSize(picture: Picture, hanging: Hanging): Size {
  const width = picture.columns * picture.columnSpacing;
  const height = picture.rows * picture.rowSpacing;
  return hanging.right.x !== 0 ? { width, height } : { width: height, height: width };
}

/** The half height at which the largest of the pictures fits its pane: one scale for all. */
export function commonHalfHeight(hung: readonly Size[], pane: Size): number {
  const aspect = pane.width / Math.max(1, pane.height);
  const needed = hung.map((size) => Math.max(size.height, size.width / aspect));
  return (Math.max(1, ...needed) / 2) * kAir;
}

/** Chest wall at the inner edge of the pane, halfway down. */
export function homePose(hung: Size, side: Side, pane: Size, halfHeight: number): Pose {
  const halfWidth = halfHeight * (pane.width / Math.max(1, pane.height));
  const inner = hung.width / 2 - halfWidth;
  return { halfHeight, right: side === 'R' ? inner : -inner, down: 0 };
}

/** A move away from home, told so that it means the same for a right and a left breast. */
export interface Move {
  /** Magnification from home: 2 shows everything twice as large. */
  zoom: number;
  /** Millimetres towards the nipple, and downwards. */
  outward: number;
  down: number;
}

export const kNoMove: Move = { zoom: 1, outward: 0, down: 0 };

export function moveFrom(home: Pose, pose: Pose, side: Side): Move {
  const right = pose.right - home.right;
  return {
    zoom: home.halfHeight / pose.halfHeight,
    outward: side === 'R' ? -right : right,
    down: pose.down - home.down,
  };
}

export function poseAfter(home: Pose, move: Move, side: Side): Pose {
  const right = side === 'R' ? -move.outward : move.outward;
  return {
    halfHeight: home.halfHeight / move.zoom,
    right: home.right + right,
    down: home.down + move.down,
  };
}

/** From a pose to the point of the stored picture (in pixels) in the middle of the pane. */
export function storedCentre(picture: Picture, hanging: Hanging, pose: Pose): Vector {
  const x = hanging.right.x * pose.right + hanging.down.x * pose.down;
  const y = hanging.right.y * pose.right + hanging.down.y * pose.down;
  return {
    x: picture.columns / 2 + x / picture.columnSpacing,
    y: picture.rows / 2 + y / picture.rowSpacing,
  };
}

/** And back. */
export function poseAt(
  picture: Picture,
  hanging: Hanging,
  centre: Vector,
  halfHeight: number,
): Pose {
  const x = (centre.x - picture.columns / 2) * picture.columnSpacing;
  const y = (centre.y - picture.rows / 2) * picture.rowSpacing;
  return {
    halfHeight,
    right: hanging.right.x * x + hanging.right.y * y,
    down: hanging.down.x * x + hanging.down.y * y,
  };
}

/**
 * From stored pixels (continuous: pixel 0 covers 0 to 1) to pixels of the pane: where a contour's
 * corner is drawn.
 */
export function paneFromStored(
  picture: Picture,
  hanging: Hanging,
  pose: Pose,
  pane: Size,
): (point: Vector) => Vector {
  const scale = pane.height / (2 * pose.halfHeight);
  return (point) => {
    const at = poseAt(picture, hanging, point, pose.halfHeight);
    return {
      x: pane.width / 2 + (at.right - pose.right) * scale,
      y: pane.height / 2 + (at.down - pose.down) * scale,
    };
  };
}

/** A length for the scale bar: 1, 2 or 5 times a power of ten, at most `widest` millimetres. */
export function niceLength(widest: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(widest, 1e-6)));
  const times = [5, 2, 1].find((each) => each * power <= widest) ?? 1;
  return times * power;
}
