import { describe, expect, it } from 'vitest';
import type { ExamCard } from '../src/model/types';
import { byUrgency, matches, neighbour, viewMarks } from '../src/model/worklist';

function exam(study: string, changes: Partial<ExamCard> = {}): ExamCard {
  return {
    study_instance_uid: study, state: 'read', patient_name: 'Doe^Jane', patient_id: 'P-7',
    patient_birth_date: '', patient_sex: 'F', accession_number: 'ACC9', study_date: '20260301',
    study_time: '', study_description: 'Screening', views: [], score: null, above: [],
    refusals: [], problem: '', synthetic: false, findings: 0, decided: 0,
    last_received_at: '2026-03-01T08:00:00.000Z', read_at: null, ...changes,
  };
}

describe('byUrgency', () => {
  it('puts what the model marks first, then what nobody could read, then the rest', () => {
    const exams = [
      exam('waiting', { state: 'waiting' }),
      exam('low', { score: 0.1 }),
      exam('refused', { state: 'refused' }),
      exam('high', { score: 0.9, above: ['recall'] }),
      exam('higher', { score: 0.95, above: ['recall'] }),
    ];
    const order = exams.sort(byUrgency).map((each) => each.study_instance_uid);
    expect(order).toEqual(['higher', 'high', 'refused', 'low', 'waiting']);
  });

  it('lets the longer wait go first among equals', () => {
    const late = exam('late', { score: 0.5, last_received_at: '2026-03-02T08:00:00.000Z' });
    const early = exam('early', { score: 0.5 });
    expect([late, early].sort(byUrgency)[0]).toBe(early);
  });
});

describe('viewMarks', () => {
  it('shows what is missing and what is more', () => {
    const marks = viewMarks(['L-CC', 'R-CC', 'R-ML', 'R-CC']);
    expect(marks.map(({ view, present }) => `${view}${present ? '' : '?'}`)).toEqual([
      'R-CC', 'L-CC', 'R-MLO?', 'L-MLO?', 'R-ML',
    ]);
  });
});

describe('matches', () => {
  it('wants every word, wherever it stands', () => {
    const one = exam('a');
    expect(matches(one, 'jane acc9')).toBe(true);
    expect(matches(one, 'DOE 20260301')).toBe(true);
    expect(matches(one, 'jane nobody')).toBe(false);
    expect(matches(one, '')).toBe(true);
  });
});

describe('neighbour', () => {
  it('steps along the list and stops at its ends', () => {
    expect(neighbour(['a', 'b', 'c'], 'b', 1)).toBe('c');
    expect(neighbour(['a', 'b', 'c'], 'b', -1)).toBe('a');
    expect(neighbour(['a', 'b', 'c'], 'c', 1)).toBeUndefined();
    expect(neighbour(['a', 'b', 'c'], 'a', -1)).toBeUndefined();
    expect(neighbour(['a', 'b'], 'gone', 1)).toBe('a');
  });
});
