/** The model's marks over one picture: contours with number, score and what people said of them. */
import { s } from '../dom';
import type { Verdict } from '../model/decisions';
import type { Vector } from '../model/hanging';
import type { Size } from '../model/layout';
import { boundsOf, isInPane, pathOf, placeLabels } from '../model/contour';
import { percent } from '../model/words';

export interface Mark {
  id: string;
  /** As the list of findings numbers it. */
  number: number;
  score: number;
  verdict: Verdict;
  selected: boolean;
  contour: Vector[];
}

const kSigns: Record<Verdict, string> = { undecided: '', accepted: ' ✓', dismissed: ' ✕' };
const kLabelHeight = 20;

/** A mark with its words, and where both go in the pane. */
interface Placed {
  mark: Mark;
  words: string;
  points: Vector[];
  width: number;
  spot: Vector;
}

function placed(
  marks: readonly Mark[],
  toPane: (point: Vector) => Vector,
  pane: Size,
): Placed[] {
  const seen = marks
    .map((mark) => {
      const points = mark.contour.map(toPane);
      const words = `${mark.number} · ${percent(mark.score)}${kSigns[mark.verdict]}`;
      return { mark, points, bounds: boundsOf(points), words, width: 14 + words.length * 7.2 };
    })
    .filter(({ bounds }) => isInPane(bounds, pane));
  const spots = placeLabels(
    seen.map(({ bounds }) => bounds),
    seen.map(({ width }) => ({ width, height: kLabelHeight })),
    pane,
  );
  return seen.map((each, index) => ({ ...each, spot: spots[index]! }));
}

/** Verdicts differ in line style and sign as well as in colour. */
function markElement(
  { mark, words, points, width, spot }: Placed,
  select: (id: string) => void,
): SVGGElement {
  const path = pathOf(points);
  return s(
    'g',
    {
      class: `mark ${mark.verdict}${mark.selected ? ' selected' : ''}`,
      'data-finding': mark.id,
    },
    s('path', { class: 'halo', d: path }),
    s('path', { class: 'line', d: path }),
    s(
      'g',
      { class: 'tag', click: () => select(mark.id) },
      s('title', {}, `AI, preliminary: finding ${words}`),
      s('rect', { x: spot.x, y: spot.y, width, height: kLabelHeight, rx: 3 }),
      s('text', { x: spot.x + width / 2, y: spot.y + kLabelHeight / 2 + 4.5 }, words),
    ),
  );
}

/** Draws all marks anew: a handful, so that no bookkeeping is worth it. */
export function drawMarks(
  overlay: SVGSVGElement,
  marks: readonly Mark[],
  toPane: (point: Vector) => Vector,
  pane: Size,
  select: (id: string) => void,
): void {
  overlay.setAttribute('viewBox', `0 0 ${pane.width} ${pane.height}`);
  // Placed in the order of their numbers, so that no label jumps when another is selected.
  const ordered = placed(marks, toPane, pane).sort(
    (a, b) => Number(a.mark.selected) - Number(b.mark.selected),
  );
  overlay.replaceChildren(...ordered.map((each) => markElement(each, select)));
}
