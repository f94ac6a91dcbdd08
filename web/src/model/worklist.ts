/** The order in which exams wait for a reader, and what of a list changed. */
import type { ExamCard } from './types';
import { kStandardViews } from './hanging';
import { personName } from './words';

/** An exam that could not be read needs a person before one that is merely not suspicious. */
function rank(exam: ExamCard): number {
  if (exam.score !== null && exam.above.length > 0) return 0;
  if (exam.state === 'refused' || exam.state === 'failed') return 1;
  if (exam.score !== null) return 2;
  return 3;
}

/** Most urgent first; the same order whatever order the server sends. */
export function byUrgency(a: ExamCard, b: ExamCard): number {
  return (
    rank(a) - rank(b) ||
    (b.score ?? -1) - (a.score ?? -1) ||
    a.last_received_at.localeCompare(b.last_received_at) ||
    a.study_instance_uid.localeCompare(b.study_instance_uid)
  );
}

/** The four standard views with whether each is there, then whatever else came. */
export function viewMarks(views: readonly string[]): { view: string; present: boolean }[] {
  const standard = kStandardViews.map((view) => ({ view, present: views.includes(view) }));
  const others = [...new Set(views)].filter((view) => !standard.some((each) => each.view === view));
  return [...standard, ...others.map((view) => ({ view, present: true }))];
}

/** True when the exam matches what was typed: every word in name, identifier, date or accession. */
export function matches(exam: ExamCard, typed: string): boolean {
  const text = [
    personName(exam.patient_name),
    exam.patient_id,
    exam.accession_number,
    exam.study_date,
    exam.study_description,
  ]
    .join(' ')
    .toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** The study before or after, in the list's order; undefined at its end. */
export function neighbour(
  studies: readonly string[],
  study: string,
  step: 1 | -1,
): string | undefined {
  const at = studies.indexOf(study);
  return at < 0 ? studies[0] : studies[at + step];
}
