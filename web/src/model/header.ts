/** What the viewer needs of an image's header (DICOM JSON, PS3.18 F). */
import type { Picture } from './layout';

interface Attribute {
  vr: string;
  Value?: unknown[];
}
export type Instance = Record<string, Attribute | undefined>;

export interface Header {
  picture: Picture;
  /** Patient Orientation (0020,0020); empty when it is not there. */
  patientOrientation: string[];
  /** False when the header gives no pixel size: lengths then mean nothing. */
  hasSpacing: boolean;
  monochrome1: boolean;
  /** "GE Senographe", or empty. */
  device: string;
  /** "SYNTHETIC" and the like: Image Comments (0020,4000) and Image Type (0008,0008). */
  remarks: string;
}

function values(instance: Instance, tag: string): unknown[] {
  return instance[tag]?.Value ?? [];
}

function numbers(instance: Instance, tag: string): number[] {
  return values(instance, tag).map(Number).filter(Number.isFinite);
}

function texts(instance: Instance, tag: string): string[] {
  return values(instance, tag).filter((each): each is string => typeof each === 'string');
}

/** Where no size is given, a size that lets the picture be seen; `hasSpacing` says so. */
const kAssumedSpacing = 0.1;

export function headerFrom(instance: Instance): Header {
  // Pixel Spacing where it was calibrated, else at the detector: (0028,0030), (0018,1164).
  const spacing = [numbers(instance, '00280030'), numbers(instance, '00181164')].find(
    (pair) => pair.length === 2 && pair.every((each) => each > 0),
  );
  return {
    picture: {
      rows: numbers(instance, '00280010')[0] ?? 0,
      columns: numbers(instance, '00280011')[0] ?? 0,
      rowSpacing: spacing?.[0] ?? kAssumedSpacing,
      columnSpacing: spacing?.[1] ?? kAssumedSpacing,
    },
    patientOrientation: texts(instance, '00200020'),
    hasSpacing: spacing !== undefined,
    monochrome1: texts(instance, '00280004')[0] === 'MONOCHROME1',
    device: [texts(instance, '00080070')[0], texts(instance, '00081090')[0]]
      .filter(Boolean)
      .join(' '),
    remarks: [...texts(instance, '00080008'), ...texts(instance, '00204000')].join(' '),
  };
}
