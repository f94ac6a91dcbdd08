/** The parts of the exam page that only show: who it is, and what stands beside the findings. */
import { h } from '../dom';
import { oneOfSeveral, titleOf, type ShownImage } from '../model/images';
import type { Reading } from '../model/reading';
import type { About, ExamCard, Refusal } from '../model/types';
import { dicomDate, moment, percent, personName, stateInWords, thresholdPercent } from '../model/words';
import { badge, modelLine } from './frame';

export function nameOf(exam: ExamCard): string {
  return personName(exam.patient_name) || 'Name unknown';
}

export function headingOf(exam: ExamCard): HTMLElement[] {
  const person = [
    exam.patient_id,
    exam.patient_birth_date && `born ${dicomDate(exam.patient_birth_date)}`,
    exam.patient_sex,
  ];
  const study = [dicomDate(exam.study_date), exam.study_description];
  return [
    h('h1', {}, nameOf(exam)),
    ...(exam.synthetic
      ? [badge('synthetic', 'SYNTHETIC', 'Made by the phantom generator')]
      : []),
    h('span', { class: 'who' }, person.filter(Boolean).join(' · ')),
    h('span', { class: 'who' }, study.filter(Boolean).join(' ')),
    exam.score === null
      ? badge(`state-${exam.state}`, stateInWords(exam.state))
      : badge('score', `AI score ${percent(exam.score)}`, 'Calibrated, of the exam; preliminary'),
    ...exam.above.map((point) =>
      badge('above', `▲ ${point}`, `At or above operating point ${point}`),
    ),
  ];
}

function refusalsOf(exam: ExamCard, images: readonly ShownImage[]): HTMLElement[] {
  const titleFor = ({ sop_instance_uid, view }: Refusal) => {
    const its = images.find((each) => each.image.sop_instance_uid === sop_instance_uid);
    return its && (its.view || !view) ? titleOf(its) : view || 'Exam';
  };
  const items = exam.refusals.map((each) =>
    h(
      'li',
      {},
      h('b', {}, titleFor(each)),
      ` ${each.what}`,
      each.where ? h('small', {}, each.where) : null,
      each.remedy ? h('small', {}, each.remedy) : null,
    ),
  );
  if (exam.problem) items.unshift(h('li', {}, h('b', {}, 'Failed'), ` ${exam.problem}`));
  if (items.length === 0) return [];
  return [h('h2', {}, 'Not read, and why'), h('ul', { class: 'refusals' }, ...items)];
}

function imagesOf({ images, areAll, hangs, hasFailed, hang }: Images): HTMLElement[] {
  const several = oneOfSeveral(images);
  // To be tried again.
  const failed = images.filter((each) => hasFailed(each) && !several.includes(each));
  const listed = [...several, ...failed];
  if (listed.length === 0 && areAll) return [];
  const items = listed.map((each) =>
    h(
      'li',
      { class: each.isRead ? 'read' : 'unread' },
      h(
        'button',
        { 'aria-pressed': hangs(each) ? 'true' : 'false', click: () => hang(each) },
        `Hang ${titleOf(each)}`,
      ),
      h('small', {}, each.isRead ? 'Read by the AI' : each.label),
    ),
  );
  if (!areAll) items.push(h('li', {}, 'The exam has more images, which are not listed here.'));
  return [h('h2', {}, 'More images'), h('ul', { class: 'images' }, ...items)];
}

/** Of the reading that is shown: the server may by now have another model. */
function modelOf(about: About, reading: Reading | undefined): HTMLElement[] {
  const title = h('h2', {}, 'Model');
  if (!reading)
    return [title, h('p', {}, `${modelLine(about)}. ${about.model.intended_use}`)];
  const { name, version, intendedUse } = reading.model;
  const when = reading.readAt ? `, read ${moment(reading.readAt)}` : '';
  const points = reading.operatingPoints.map(
    (point) => `${point.name} from ${thresholdPercent(point.threshold)}`,
  );
  return [
    title,
    h('p', {}, `${name} ${version}${when}. ${intendedUse}`),
    ...(points.length > 0 ? [h('p', {}, `Operating points: ${points.join(', ')}.`)] : []),
  ];
}

/** The images of the exam, of which some do not hang by themselves. */
export interface Images {
  images: readonly ShownImage[];
  areAll: boolean;
  hangs(image: ShownImage): boolean;
  hasFailed(image: ShownImage): boolean;
  hang(image: ShownImage): void;
}

/** What stands under the findings. */
export function notesOf(
  about: About,
  exam: ExamCard,
  reading: Reading | undefined,
  images: Images,
): HTMLElement[] {
  return [...refusalsOf(exam, images.images), ...imagesOf(images), ...modelOf(about, reading)];
}
