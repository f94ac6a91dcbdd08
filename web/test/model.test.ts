import { describe, expect, it } from 'vitest';
import { inWords, standingOf } from '../src/model/decisions';
import { headerFrom } from '../src/model/header';
import { readingFrom } from '../src/model/reading';
import type { Decision } from '../src/model/types';
import { changeOf, rangeOf, windowAfter, windowOf } from '../src/model/window';
import { dicomDate, dicomTime, percent, personName, thresholdPercent } from '../src/model/words';

const said = (action: Decision['action'], changes: Partial<Decision> = {}): Decision => ({
  finding: 'R-CC-1', holds_for: 'R-CC-1', model_sha256: 'm1', action, comment: '', who: 'A. Reader',
  self_declared: true, when: '2026-03-01T08:00:00.000Z', ...changes,
});

describe('standingOf', () => {
  it('goes by the newest, and keeps all', () => {
    const standing = standingOf([said('accept'), said('dismiss')], 'R-CC-1');
    expect(standing.verdict).toBe('dismissed');
    expect(standing.history.map((each) => each.action)).toEqual(['dismiss', 'accept']);
  });
  it('is open again after an undo', () => {
    expect(standingOf([said('accept'), said('undo')], 'R-CC-1').verdict).toBe('undecided');
  });
  it('does not carry a decision over to another finding', () => {
    const standing = standingOf([said('accept', { finding: 'L-CC-1' })], 'R-CC-1');
    expect(standing.verdict).toBe('undecided');
    expect(standing.history).toHaveLength(0);
  });
  it('says who, and whether anybody checked', () => {
    expect(inWords(said('accept'))).toBe('accepted by A. Reader (self-declared)');
    expect(inWords(said('undo', { self_declared: false }))).toBe('taken back by A. Reader');
  });
});

describe('readingFrom', () => {
  it('lists findings of all views, the highest score first', () => {
    const reading = readingFrom({
      model: { name: 'm', version: '1', sha256: 'aa' },
      views: [
        { view: 'R-CC', sop_instance_uid: '1.2', findings: [{ id: 'R-CC-1', kind: 'mass', score: 0.2, contour: [[1, 2], [3, 4]] }] },
        { view: 'L-CC', sop_instance_uid: '1.3', findings: [{ id: 'L-CC-1', score: 0.7 }] },
      ],
    })!;
    expect(reading.findings.map((finding) => finding.id)).toEqual(['L-CC-1', 'R-CC-1']);
    expect(reading.findings[1]!.contour).toEqual([{ x: 1, y: 2 }, { x: 3, y: 4 }]);
    expect(reading.findings[1]!.sopInstanceUid).toBe('1.2');
  });
  it('is undefined before there is one, and survives nonsense', () => {
    expect(readingFrom(null)).toBeUndefined();
    expect(readingFrom({ views: [null, 3, { findings: 'x' }] })!.findings).toEqual([]);
  });
});

describe('headerFrom', () => {
  const attribute = (...Value: unknown[]) => ({ vr: 'DS', Value });
  it('takes the detector spacing: row (y) first', () => {
    const header = headerFrom({
      '00181164': attribute(0.07, '0.08'), '00280010': attribute(10), '00280011': attribute(20),
      '00200020': attribute('P', 'L'),
    });
    expect(header.picture).toEqual({ rows: 10, columns: 20, rowSpacing: 0.07, columnSpacing: 0.08 });
    expect(header.patientOrientation).toEqual(['P', 'L']);
    expect(header.hasSpacing).toBe(true);
  });
  it('says when there is none, or one that cannot be', () => {
    expect(headerFrom({}).hasSpacing).toBe(false);
    expect(headerFrom({ '00181164': attribute(0, 0.1) }).hasSpacing).toBe(false);
    expect(headerFrom({ '00200020': { vr: 'CS' } }).patientOrientation).toEqual([]);
  });
});

describe('windows', () => {
  it('move alike in views whose headers differ', () => {
    const change = changeOf({ centre: 2000, width: 4000 }, { centre: 2400, width: 2000 });
    expect(windowAfter({ centre: 100, width: 200 }, change)).toEqual({ centre: 120, width: 100 });
  });
  it('survive the way to a range and back', () => {
    expect(windowOf(rangeOf({ centre: 5, width: 8 }))).toEqual({ centre: 5, width: 8 });
  });
});

describe('words', () => {
  it('reads names and dates as DICOM writes them', () => {
    expect(personName('Doe^Jane^Q^Dr=山田')).toBe('Doe, Jane Q');
    expect(personName('^Jane')).toBe('Jane');
    expect(personName('')).toBe('');
    expect(dicomDate('20260301')).toBe('2026-03-01');
    expect(dicomDate('odd')).toBe('odd');
    expect(dicomTime('081530.25')).toBe('08:15');
  });
  it('never rounds a score up to a threshold', () => {
    expect([0.4052, 0.409999, 0.29].map(percent)).toEqual(['40 %', '40 %', '29 %']);
    expect(thresholdPercent(0.4053)).toBe('40.5 %');
  });
  it('never rounds a score to certainty', () => {
    expect([0, 0.004, 0.43, 0.996, 1].map(percent)).toEqual(['0 %', '<1 %', '43 %', '>99 %', '100 %']);
  });
});
