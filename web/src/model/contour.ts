/** Contours on the screen. */
import type { Vector } from './hanging';
import type { Size } from './layout';

export interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function boundsOf(points: readonly Vector[]): Bounds {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  return {
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
  };
}

/** A closed SVG path; empty for fewer than three corners. */
export function pathOf(points: readonly Vector[]): string {
  if (points.length < 3) return '';
  const corners = points.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`);
  return `M${corners.join('L')}Z`;
}

/** Left and top of a label of this size beside the contour; the best place first. */
function spotsOf(bounds: Bounds, label: Size, pane: Size): Vector[] {
  const gap = 4;
  const middle = {
    x: (bounds.left + bounds.right - label.width) / 2,
    y: (bounds.top + bounds.bottom - label.height) / 2,
  };
  const above = bounds.top - gap - label.height;
  const below = bounds.bottom + gap;
  const after = bounds.right + gap;
  const before = bounds.left - gap - label.width;
  return [
    { x: middle.x, y: above },
    { x: middle.x, y: below },
    { x: after, y: middle.y },
    { x: before, y: middle.y },
    { x: after, y: above },
    { x: before, y: above },
    { x: after, y: below },
    { x: before, y: below },
  ].map(({ x, y }) => ({
    x: Math.max(0, Math.min(pane.width - label.width, x)),
    y: Math.max(0, Math.min(pane.height - label.height, y)),
  }));
}

function sharedArea(a: Bounds, b: Bounds): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Whether any of the contour can be seen: a label without its contour would point at nothing. */
export function isInPane(bounds: Bounds, pane: Size): boolean {
  return sharedArea(bounds, { left: 0, top: 0, right: pane.width, bottom: pane.height }) > 0;
}

/**
 * Where the labels go, in the order of the contours: above, else below, else beside, always inside
 * the pane, and covering as little as can be of contours and of the labels placed before.
 */
export function placeLabels(
  contours: readonly Bounds[],
  labels: readonly Size[],
  pane: Size,
): Vector[] {
  const taken = [...contours];
  return contours.map((bounds, index) => {
    const label = labels[index]!;
    const covered = ({ x, y }: Vector): number => {
      const box = { left: x, top: y, right: x + label.width, bottom: y + label.height };
      return taken.reduce((sum, other) => sum + sharedArea(box, other), 0);
    };
    const spots = spotsOf(bounds, label, pane);
    const spot = spots.reduce((best, each) => (covered(each) < covered(best) ? each : best));
    taken.push({
      left: spot.x,
      top: spot.y,
      right: spot.x + label.width,
      bottom: spot.y + label.height,
    });
    return spot;
  });
}

export function centreOf(points: readonly Vector[]): Vector {
  const bounds = boundsOf(points);
  return { x: (bounds.left + bounds.right) / 2, y: (bounds.top + bounds.bottom) / 2 };
}
