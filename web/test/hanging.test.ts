import { describe, expect, it } from 'vitest';
import { hang, parseView, pixelsSayWallAtRight, placeOf, type ViewName } from '../src/model/hanging';

const view = (text: string): ViewName => parseView(text)!;
const right = { x: 1, y: 0 };
const left = { x: -1, y: 0 };
const down = { x: 0, y: 1 };
const up = { x: 0, y: -1 };

describe('hang', () => {
  // [view, Patient Orientation, stored direction that points right, and down]
  const cases: [string, string[], object, object][] = [
    ['R-CC', ['P', 'L'], right, down],
    ['L-CC', ['A', 'R'], right, down],
    ['R-MLO', ['P', 'FL'], right, down],
    ['L-MLO', ['A', 'FR'], right, down],
    // Stored with the chest wall on the other side: mirrored.
    ['R-CC', ['A', 'L'], left, down],
    ['L-CC', ['P', 'R'], left, down],
    // Stored upside down.
    ['R-MLO', ['P', 'HR'], right, up],
    ['L-CC', ['A', 'L'], right, up],
    // A quarter turn: the columns run to the chest wall or from it.
    ['L-MLO', ['FL', 'A'], down, right],
    ['R-MLO', ['HR', 'A'], up, left],
    // Lower case, and an oblique column that also names the front.
    ['r-mlo'.toUpperCase(), ['p', 'fa'], right, down],
  ];
  it.each(cases)('%s stored %j', (name, orientation, toTheRight, downwards) => {
    const hanging = hang(view(name), orientation, false);
    expect(hanging.right).toEqual(toTheRight);
    expect(hanging.down).toEqual(downwards);
    expect(hanging.assumed).toBe('');
  });

  it('puts every chest wall to the middle of the screen', () => {
    for (const [name, orientation, toTheRight] of cases) {
      // The letter of the stored direction that points right on the screen.
      const hanging = hang(view(name), orientation, false);
      const axis = (hanging.right.x !== 0 ? orientation[0]! : orientation[1]!).toUpperCase();
      const forwards = hanging.right.x + hanging.right.y > 0;
      const towardsWall = axis.includes('P') === forwards;
      expect(towardsWall, `${name} ${String(toTheRight)}`).toBe(name.startsWith('R'));
    }
  });

  it('takes the chest wall from the pixels when the header is silent, and says so', () => {
    expect(hang(view('R-CC'), [], true).right).toEqual(right);
    expect(hang(view('R-CC'), [], false).right).toEqual(left);
    expect(hang(view('L-CC'), [], true).right).toEqual(left);
    expect(hang(view('L-CC'), [], false).right).toEqual(right);
    expect(hang(view('L-CC'), [], false).assumed).toContain('pixels');
  });

  it('does not let the pixels overrule the header', () => {
    expect(hang(view('L-CC'), ['A', 'R'], true).right).toEqual(right);
  });

  it('says when the header does not tell which way is up', () => {
    expect(hang(view('L-MLO'), ['A'], false).assumed).toContain('up');
  });
});

describe('placeOf', () => {
  it('hangs CC over MLO, right breasts on the left', () => {
    expect(['R-CC', 'L-CC', 'R-MLO', 'L-MLO'].map(placeOf)).toEqual([0, 1, 2, 3]);
    expect(placeOf('L-XCCL')).toBe(1);
    expect(placeOf('L-ML')).toBe(3);
    expect(placeOf('')).toBe(0);
  });
});

describe('pixelsSayWallAtRight', () => {
  it('finds the bright edge', () => {
    const bright = (from: number, to: number) => (x: number) => (x >= from && x < to ? 900 : 3);
    expect(pixelsSayWallAtRight(200, 300, bright(120, 200))).toBe(true);
    expect(pixelsSayWallAtRight(200, 300, bright(0, 80))).toBe(false);
  });
});

describe('parseView', () => {
  it('refuses what is not a view', () => {
    expect(parseView('CC')).toBeUndefined();
    expect(parseView('')).toBeUndefined();
    expect(parseView('R-CC<')).toBeUndefined();
  });
});
