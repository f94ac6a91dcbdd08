/**
 * How a stored mammogram is turned so that it hangs as a reader expects: right breasts with the
 * chest wall to the right of the picture, left breasts with it to the left, so that the two meet
 * in the middle; lateral (CC) or head (MLO and the rest) on top.
 */

export type Side = 'R' | 'L';
export interface ViewName {
  side: Side;
  position: string;
}
/** A direction in the stored picture: x grows along a row, y down a column. */
export interface Vector {
  x: number;
  y: number;
}
export interface Hanging {
  /** The stored direction that points to the right, and to the bottom, of the screen. */
  right: Vector;
  down: Vector;
  /** What could not be taken from the header, in words; empty when all was there. */
  assumed: string;
}

/** "R-CC" to its parts; undefined for a text that is not a view. */
export function parseView(text: string): ViewName | undefined {
  const match = /^([RL])-([A-Z]+)$/.exec(text);
  return match ? { side: match[1] as Side, position: match[2]! } : undefined;
}

export const kStandardViews = ['R-CC', 'L-CC', 'R-MLO', 'L-MLO'] as const;

/** Which of the four places a view belongs to: 0 1 over 2 3; right breasts left of the middle. */
export function placeOf(view: string): number {
  const name = parseView(view);
  if (!name) return 0;
  const cranioCaudal = ['CC', 'XCCL', 'XCCM', 'FB', 'SIO'].includes(name.position);
  return (cranioCaudal ? 0 : 2) + (name.side === 'L' ? 1 : 0);
}

const kOpposite: Record<string, string> = { A: 'P', P: 'A', R: 'L', L: 'R', H: 'F', F: 'H' };

/** +1 when the axis runs towards `letter`, -1 when away from it, 0 when it says neither. */
function along(axis: string, letter: string): number {
  if (axis.includes(letter)) return 1;
  return axis.includes(kOpposite[letter]!) ? -1 : 0;
}

function isCranioCaudal(position: string): boolean {
  return placeOf(`R-${position}`) < 2;
}

/**
 * The hanging of a view by Patient Orientation (0020,0020): the direction of the rows, then of the
 * columns, as letters of A P R L H F (PS3.3 C.7.6.1.1.1). `wallAtRight` is what the pixels say of
 * the chest wall and is used only where the header says nothing of it.
 */
export function hang(
  view: ViewName,
  patientOrientation: readonly string[],
  wallAtRight: boolean,
): Hanging {
  const [row = '', column = ''] = patientOrientation.map((text) => text.toUpperCase());
  // Towards the chest wall is posterior; it must point to the middle of the screen.
  const outward = view.side === 'R' ? 'P' : 'A';
  const downward = isCranioCaudal(view.position) ? (view.side === 'R' ? 'L' : 'R') : 'F';

  const rowWall = along(row, outward);
  const columnWall = along(column, outward);
  // In an oblique view a column may run "AFR": the row decides unless only the column speaks, or
  // speaks first.
  const turned =
    columnWall !== 0 && (rowWall === 0 || (!/^[AP]/.test(row) && /^[AP]/.test(column)));
  if (rowWall === 0 && columnWall === 0) {
    const wallToTheRight = view.side === 'R';
    return {
      right: { x: wallAtRight === wallToTheRight ? 1 : -1, y: 0 },
      down: { x: 0, y: 1 },
      assumed: 'The header does not say where the chest wall is; it was taken from the pixels.',
    };
  }
  const wall = turned ? columnWall : rowWall;
  const rest = along(turned ? row : column, downward);
  const restSign = rest === 0 ? 1 : rest;
  return {
    right: turned ? { x: 0, y: wall } : { x: wall, y: 0 },
    down: turned ? { x: restSign, y: 0 } : { x: 0, y: restSign },
    assumed: rest === 0 ? 'The header does not say which way is up; it was left as stored.' : '',
  };
}

/** True when, by the header, the chest wall lies at the right edge of the stored picture. */
export function headerSaysWallAtRight(patientOrientation: readonly string[]): boolean | undefined {
  const row = along((patientOrientation[0] ?? '').toUpperCase(), 'P');
  return row === 0 ? undefined : row > 0;
}

/**
 * True when the brighter of the two outer bands of the picture is the right one. Tissue touches
 * the edge at the chest wall only. `at(x, y)` gives display values: more is brighter.
 */
export function pixelsSayWallAtRight(
  columns: number,
  rows: number,
  at: (x: number, y: number) => number,
): boolean {
  const band = Math.max(1, Math.round(columns * 0.04));
  const margin = Math.max(1, Math.round(columns * 0.01));
  const stepX = Math.max(1, Math.floor(band / 8));
  const stepY = Math.max(1, Math.floor(rows / 200));
  let left = 0;
  let right = 0;
  for (let y = 0; y < rows; y += stepY) {
    for (let x = 0; x < band; x += stepX) {
      left += at(Math.min(columns - 1, margin + x), y);
      right += at(Math.max(0, columns - 1 - margin - x), y);
    }
  }
  return right > left;
}
