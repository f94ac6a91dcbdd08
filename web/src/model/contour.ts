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

/** Where the label goes: above the contour, else below it, and always inside the pane. */
export function labelSpot(bounds: Bounds, label: Size, pane: Size): Vector {
  const gap = 4;
  const above = bounds.top - gap - label.height;
  const y = above >= 0 ? above : bounds.bottom + gap;
  const x = (bounds.left + bounds.right - label.width) / 2;
  return {
    x: Math.max(0, Math.min(pane.width - label.width, x)),
    y: Math.max(0, Math.min(pane.height - label.height, y)),
  };
}

export function centreOf(points: readonly Vector[]): Vector {
  const bounds = boundsOf(points);
  return { x: (bounds.left + bounds.right) / 2, y: (bounds.top + bounds.bottom) / 2 };
}
