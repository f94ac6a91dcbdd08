import { describe, expect, it } from 'vitest';
import { boundsOf, isInPane, pathOf, placeLabels } from '../src/model/contour';
import { hang, parseView } from '../src/model/hanging';
import {
  commonHalfHeight,
  homePose,
  hungSize,
  kNoMove,
  moveFrom,
  niceLength,
  paneFromStored,
  poseAfter,
  poseAt,
  storedCentre,
  type Picture,
} from '../src/model/layout';

const picture: Picture = { columns: 400, rows: 600, columnSpacing: 0.5, rowSpacing: 0.5 };
const pane = { width: 500, height: 300 };
const hanging = (view: string, ...orientation: string[]) =>
  hang(parseView(view)!, orientation, false);

describe('home', () => {
  it('puts the chest wall on the inner edge of the pane, at one scale', () => {
    const small: Picture = { ...picture, columns: 300, rows: 500 };
    const cases: [Picture, ReturnType<typeof hanging>, 'R' | 'L', number][] = [
      // Stored pixels of a chest wall point, and where it must lie: 500 (inner edge of R) or 0.
      [picture, hanging('R-CC', 'P', 'L'), 'R', 400],
      [picture, hanging('R-CC', 'A', 'L'), 'R', 0],
      [small, hanging('L-CC', 'A', 'R'), 'L', 0],
      [small, hanging('L-CC', 'P', 'R'), 'L', 300],
    ];
    const half = commonHalfHeight(
      cases.map(([each, how]) => hungSize(each, how)),
      pane,
    );
    for (const [each, how, side, wall] of cases) {
      const pose = homePose(hungSize(each, how), side, pane, half);
      const toPane = paneFromStored(each, how, pose, pane);
      expect(toPane({ x: wall, y: each.rows / 2 }).x).toBeCloseTo(side === 'R' ? 500 : 0, 6);
      expect(toPane({ x: wall, y: each.rows / 2 }).y).toBeCloseTo(150, 6);
      // The same length everywhere: 10 mm are 20 stored pixels.
      const a = toPane({ x: 100, y: 100 });
      const b = toPane({ x: 120, y: 100 });
      expect(Math.abs(a.x - b.x)).toBeCloseTo((10 * 300) / (2 * half), 6);
    }
  });

  it('fits the largest picture', () => {
    const half = commonHalfHeight([{ width: 200, height: 300 }], pane);
    expect(half).toBeGreaterThanOrEqual(150);
    expect(half).toBeLessThan(155);
    // A wide picture is bound by the width.
    expect(commonHalfHeight([{ width: 1000, height: 100 }], pane)).toBeCloseTo(306, 6);
  });
});

describe('contours', () => {
  it('follow a mirrored, turned picture', () => {
    const how = hanging('L-MLO', 'FL', 'A');
    const pose = poseAt(picture, how, { x: 200, y: 300 }, 150);
    const toPane = paneFromStored(picture, how, pose, { width: 300, height: 300 });
    expect(toPane({ x: 200, y: 300 })).toEqual({ x: 150, y: 150 });
    // Rows run to the feet: more x is further down; more y is further from the chest wall.
    expect(toPane({ x: 220, y: 300 })).toEqual({ x: 150, y: 160 });
    expect(toPane({ x: 200, y: 320 })).toEqual({ x: 160, y: 150 });
  });

  it('come back to the stored pixel', () => {
    const how = hanging('R-MLO', 'A', 'HR');
    const centre = { x: 123.5, y: 77.25 };
    const back = storedCentre(picture, how, poseAt(picture, how, centre, 10));
    expect(back.x).toBeCloseTo(centre.x, 9);
    expect(back.y).toBeCloseTo(centre.y, 9);
  });

  it('keep their labels inside the pane', () => {
    const label = { width: 60, height: 20 };
    const at = (left: number, top: number) =>
      placeLabels([{ left, top, right: left + 10, bottom: top + 10 }], [label], pane)[0]!;
    expect(at(200, 100)).toEqual({ x: 175, y: 76 });
    // No room above: below.
    expect(at(200, 5).y).toBe(19);
    expect(at(0, 100).x).toBe(0);
    expect(at(495, 100).x).toBe(440);
  });

  it('have no label when they are out of sight', () => {
    const { width, height } = pane;
    expect(isInPane({ left: width - 5, top: 10, right: width + 20, bottom: 30 }, pane)).toBe(true);
    expect(isInPane({ left: width + 5, top: 10, right: width + 20, bottom: 30 }, pane)).toBe(false);
    expect(isInPane({ left: 10, top: height + 1, right: 20, bottom: height + 9 }, pane)).toBe(false);
  });

  it('keep their labels off each other and off their neighbours', () => {
    const label = { width: 60, height: 20 };
    const boxes = [
      { left: 200, top: 100, right: 220, bottom: 120 },
      { left: 230, top: 104, right: 250, bottom: 124 },
      { left: 170, top: 60, right: 190, bottom: 80 },
    ];
    const spots = placeLabels(boxes, boxes.map(() => label), pane);
    const taken = [
      ...boxes,
      ...spots.map(({ x, y }) => ({ left: x, top: y, right: x + 60, bottom: y + 20 })),
    ];
    for (const [index, one] of taken.entries())
      for (const other of taken.slice(index + 1))
        expect(
          one.left >= other.right || other.left >= one.right ||
            one.top >= other.bottom || other.top >= one.bottom,
          JSON.stringify([one, other]),
        ).toBe(true);
  });

  it('are closed paths, or nothing', () => {
    expect(pathOf([{ x: 1, y: 2 }, { x: 3, y: 4 }, { x: 5, y: 6.04 }])).toBe('M1.0 2.0L3.0 4.0L5.0 6.0Z');
    expect(pathOf([{ x: 1, y: 2 }])).toBe('');
    expect(boundsOf([{ x: 1, y: 9 }, { x: 4, y: 2 }])).toEqual({ left: 1, top: 2, right: 4, bottom: 9 });
  });
});

describe('moving together', () => {
  const home = { halfHeight: 100, right: 20, down: 0 };

  it('mirrors the way to the nipple', () => {
    const move = moveFrom(home, { halfHeight: 50, right: 10, down: 7 }, 'R');
    expect(move).toEqual({ zoom: 2, outward: 10, down: 7 });
    const left = { ...home, right: -20 };
    expect(poseAfter(left, move, 'L')).toEqual({ halfHeight: 50, right: -10, down: 7 });
  });

  it('goes there and back', () => {
    for (const side of ['R', 'L'] as const) {
      const pose = { halfHeight: 31, right: -3, down: 12 };
      const back = poseAfter(home, moveFrom(home, pose, side), side);
      expect(back.halfHeight).toBeCloseTo(31, 9);
      expect(back.right).toBeCloseTo(-3, 9);
      expect(back.down).toBeCloseTo(12, 9);
      expect(poseAfter(home, kNoMove, side)).toEqual(home);
    }
  });
});

describe('niceLength', () => {
  it.each([
    [90, 50],
    [49.9, 20],
    [20, 20],
    [1.3, 1],
    [0.07, 0.05],
  ])('%d mm of room: %d mm', (room, length) => {
    expect(niceLength(room)).toBeCloseTo(length, 9);
  });
});
