import { describe, expect, it } from 'vitest';
import { firstOf, keyOf, oneOfSeveral, shownImages, titleOf } from '../src/model/images';
import { readingFrom } from '../src/model/reading';
import type { ExamCard, ExamDetail, ExamImage, Refusal } from '../src/model/types';

const kMammogram = '1.2.840.10008.5.1.4.1.1.1.2';
const kRaw = `${kMammogram}.1`;

function image(uid: string, view: string, sopClass = kMammogram): ExamImage {
  return {
    sop_instance_uid: uid,
    sop_class_uid: sopClass,
    series_instance_uid: '2.25.1',
    view,
    revision: 'a1',
  };
}

function detail(images: ExamImage[], exam: Partial<ExamCard> = {}): ExamDetail {
  return { exam: { state: 'read', refusals: [], ...exam } as ExamCard, images } as ExamDetail;
}

const readingOf = (...views: [string, string][]) =>
  readingFrom({ views: views.map(([sop_instance_uid, view]) => ({ sop_instance_uid, view })) });
const refusal = (uid: string, what: string) =>
  ({ sop_instance_uid: uid, reason: 'duplicate-view', what, view: '' }) as Refusal;

describe('the image that hangs first', () => {
  it('is what the reading speaks of, wherever it stands', () => {
    const images = [image('1', 'R-CC'), image('2', 'R-CC', kRaw), image('3', 'R-CC')];
    const shown = shownImages(detail(images), readingOf(['3', 'R-CC']));
    expect(firstOf(shown, 0)?.image.sop_instance_uid).toBe('3');
    const raw = shownImages(detail(images), readingOf(['2', 'R-CC']));
    expect(firstOf(raw, 0)?.image.sop_instance_uid).toBe('2');
  });

  it('is none that is raw, nor of another view of the place, where another is there', () => {
    const images = [image('1', 'R-CC', kRaw), image('2', 'R-XCCL'), image('3', 'R-CC')];
    const first = (list: ExamImage[]) =>
      firstOf(shownImages(detail(list), undefined), 0)?.image.sop_instance_uid;
    expect(first(images)).toBe('3');
    expect(first(images.slice(0, 2))).toBe('1');
    expect(first([])).toBeUndefined();
  });

  it('hangs where the reading says that it belongs', () => {
    const shown = shownImages(detail([image('1', '')]), readingOf(['1', 'L-MLO']));
    expect(firstOf(shown, 3)?.view).toBe('L-MLO');
    expect(firstOf(shown, 0)).toBeUndefined();
  });
});

describe('what is said of an image', () => {
  const images = [image('1', 'R-CC'), image('2', 'R-CC'), image('3', 'L-CC')];
  const said = (exam: Partial<ExamCard>, uid: string) => {
    const all = shownImages(detail(images, exam), readingOf(['2', 'R-CC']));
    const { label, why } = all.find((each) => each.image.sop_instance_uid === uid)!;
    return [label, why];
  };

  it('is whether it was read, and why not', () => {
    const refusals = [refusal('1', 'Another one was read.'), refusal('9', 'Of another.')];
    expect(said({ refusals }, '2')).toEqual(['AI, preliminary', '']);
    expect(said({ refusals }, '1')).toEqual(['Not read by the AI', 'Another one was read.']);
    expect(said({ refusals }, '3')).toEqual(['Not read by the AI', '']);
    const many = [{ ...refusal('', '12 more were not looked at.'), reason: 'too-many-images' }];
    expect(said({ refusals: many }, '3')[1]).toBe('12 more were not looked at.');
  });

  it('is that it may yet be read, unless it was refused', () => {
    for (const state of ['receiving', 'waiting', 'reading'])
      expect(said({ state }, '3')).toEqual(['Not read yet', '']);
    const refusals = [refusal('3', 'Raw.')];
    expect(said({ state: 'receiving', refusals }, '3')).toEqual(['Not read by the AI', 'Raw.']);
    expect(said({ state: 'failed', problem: 'No memory.' }, '3')[1]).toBe('No memory.');
  });

  it('tells images of one view apart, and contents of one image', () => {
    const all = shownImages(detail([...images, image('4', '')]), undefined);
    expect(all.map(titleOf)).toEqual(['R-CC, 1 of 2', 'R-CC, 2 of 2', 'L-CC', 'view unknown']);
    expect(oneOfSeveral(all).map((each) => each.image.sop_instance_uid)).toEqual(['4', '1', '2']);
    expect(keyOf(images[0]!)).not.toBe(keyOf({ ...images[0]!, revision: 'b2' }));
  });
});
