/** The model's marks over one picture: contours with number, score and what people said of them. */
import { s } from '../dom';
import type { Verdict } from '../model/decisions';
import type { Vector } from '../model/hanging';
import type { Size } from '../model/layout';
import { boundsOf, labelSpot, pathOf } from '../model/contour';
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

/** Verdicts differ in line style and sign as well as in colour. */
function markElement(
  mark: Mark,
  toPane: (point: Vector) => Vector,
  pane: Size,
  select: (id: string) => void,
): SVGGElement {
  const points = mark.contour.map(toPane);
  const path = pathOf(points);
  const words = `${mark.number} · ${percent(mark.score)}${kSigns[mark.verdict]}`;
  const width = 14 + words.length * 7.2;
  const spot = labelSpot(boundsOf(points), { width, height: kLabelHeight }, pane);
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
  const ordered = [...marks].sort((a, b) => Number(a.selected) - Number(b.selected));
  overlay.replaceChildren(...ordered.map((mark) => markElement(mark, toPane, pane, select)));
}
