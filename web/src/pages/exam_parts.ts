/** The parts of the exam page that only show: who it is, and what stands beside the findings. */
import { h } from '../dom';
import type { Reading } from '../model/reading';
import type { About, ExamCard, ExamImage } from '../model/types';
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

function refusalsOf(exam: ExamCard): HTMLElement[] {
  const items = exam.refusals.map((each) =>
    h(
      'li',
      {},
      h('b', {}, each.view || 'Exam'),
      ` ${each.what}`,
      each.where ? h('small', {}, each.where) : null,
      each.remedy ? h('small', {}, each.remedy) : null,
    ),
  );
  if (exam.problem) items.unshift(h('li', {}, h('b', {}, 'Failed'), ` ${exam.problem}`));
  if (items.length === 0) return [];
  return [h('h2', {}, 'Not read, and why'), h('ul', { class: 'refusals' }, ...items)];
}

function imagesOf(
  { images, areAll }: MoreImages,
  hang: (image: ExamImage) => void,
): HTMLElement[] {
  if (images.length === 0 && areAll) return [];
  const items = images.map((image) =>
    h(
      'li',
      {},
      h('button', { click: () => hang(image) }, `Hang ${image.view || 'image of unknown view'}`),
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

/** The images that do not hang by themselves. */
export interface MoreImages {
  images: readonly ExamImage[];
  areAll: boolean;
}

/** What stands under the findings. */
export function notesOf(
  about: About,
  exam: ExamCard,
  reading: Reading | undefined,
  more: MoreImages,
  hang: (image: ExamImage) => void,
): HTMLElement[] {
  return [...refusalsOf(exam), ...imagesOf(more, hang), ...modelOf(about, reading)];
}
