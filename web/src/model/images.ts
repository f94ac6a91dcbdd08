/** The images of an exam: where each hangs, which one first, and what is said of one not read. */
import { kStandardViews, placeOf } from './hanging';
import type { Reading } from './reading';
import type { ExamDetail, ExamImage } from './types';

/** An image with what a reader must know of it. */
export interface ShownImage {
  image: ExamImage;
  /** "R-CC", as the reading calls it where it read it; may be empty. */
  view: string;
  place: number;
  isRead: boolean;
  /** What stands beside the view: whether the model looked at these pixels. */
  label: string;
  /** Why it was not read, where that is known. */
  why: string;
  /** Which of the images of its view it is, and of how many. */
  number: number;
  of: number;
}

/** One content of one image: what comes later under the same UID has another key. */
export function keyOf(image: ExamImage): string {
  return `${image.sop_instance_uid}/${image.revision}`;
}

/** "R-CC", or "R-CC, 2 of 3" where there are more of that view. */
export function titleOf({ view, number, of }: ShownImage): string {
  const name = view || 'view unknown';
  return of > 1 ? `${name}, ${number} of ${of}` : name;
}

/** For Processing: raw, and never what is read (PS3.3 C.8.11.7.1.1). */
const kForProcessing = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.1(\.[123])\.1$/;

const kStillToCome = ['receiving', 'waiting', 'reading'];

function whyNotRead(image: ExamImage, { exam }: ExamDetail): string {
  const its = exam.refusals.filter((each) => each.sop_instance_uid === image.sop_instance_uid);
  if (its.length > 0) return its.map((each) => each.what).join(' ');
  if (kStillToCome.includes(exam.state)) return '';
  if (exam.state === 'failed') return exam.problem;
  // Said of the exam as a whole: which ones they are is not.
  return exam.refusals.find((each) => each.reason === 'too-many-images')?.what ?? '';
}

function labelOf(isRead: boolean, isRefused: boolean, state: string): string {
  if (isRead) return 'AI, preliminary';
  return !isRefused && kStillToCome.includes(state) ? 'Not read yet' : 'Not read by the AI';
}

export function shownImages(detail: ExamDetail, reading: Reading | undefined): ShownImage[] {
  const read = new Map(reading?.views.map((each) => [each.sopInstanceUid, each.view]));
  const counts = new Map<string, number>();
  const all = detail.images.map((image) => {
    const isRead = read.has(image.sop_instance_uid);
    const view = read.get(image.sop_instance_uid) || image.view;
    const number = (counts.get(view) ?? 0) + 1;
    counts.set(view, number);
    const why = isRead ? '' : whyNotRead(image, detail);
    const label = labelOf(isRead, why !== '', detail.exam.state);
    return { image, view, place: placeOf(view), isRead, label, why, number, of: 1 };
  });
  return all.map((each) => ({ ...each, of: counts.get(each.view)! }));
}

/** Less is better. What the reading speaks of comes before all that it does not. */
function rank(each: ShownImage, title: string): number {
  const isRaw = kForProcessing.test(each.image.sop_class_uid);
  return (each.isRead ? 0 : 4) + (each.view === title ? 0 : 2) + (isRaw ? 1 : 0);
}

/** The image that hangs at a place by itself; undefined where there is none for it. */
export function firstOf(images: readonly ShownImage[], place: number): ShownImage | undefined {
  const title = kStandardViews[place]!;
  return images
    .filter((each) => each.place === place)
    .reduce<ShownImage | undefined>(
      (best, each) => (best && rank(best, title) <= rank(each, title) ? best : each),
      undefined,
    );
}

/** Those of the places that have more than the one which hangs by itself, view by view. */
export function oneOfSeveral(images: readonly ShownImage[]): ShownImage[] {
  return images
    .filter((each) => images.some((one) => one !== each && one.place === each.place))
    .sort((a, b) => a.place - b.place || a.view.localeCompare(b.view) || a.number - b.number);
}
