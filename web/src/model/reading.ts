/** The model's reading as findings.json holds it (docs/formats/findings.schema.json). */
import type { Vector } from './hanging';

export interface Finding {
  id: string;
  kind: string;
  view: string;
  sopInstanceUid: string;
  /** Calibrated probability of malignancy, 0 to 1. */
  score: number;
  presence: number;
  /** Operating points that its score reaches. */
  above: string[];
  /** Closed polygon in stored pixels. */
  contour: Vector[];
}

export interface OperatingPoint {
  name: string;
  threshold: number;
}

export interface Reading {
  model: { name: string; version: string; sha256: string; intendedUse: string };
  score: number;
  above: string[];
  operatingPoints: OperatingPoint[];
  useStatement: string;
  readAt: string;
  /** The images that were read, also those without findings. */
  views: { view: string; sopInstanceUid: string }[];
  /** Highest score first. */
  findings: Finding[];
}

type Dict = Record<string, unknown>;
const dict = (value: unknown): Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Dict) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;

function corner(value: unknown): Vector {
  return { x: number(list(value)[0]), y: number(list(value)[1]) };
}

function findingsOf(view: Dict): Finding[] {
  return list(view['findings'])
    .map(dict)
    .map((finding) => ({
      id: text(finding['id']),
      kind: text(finding['kind']),
      view: text(view['view']),
      sopInstanceUid: text(view['sop_instance_uid']),
      score: number(finding['score']),
      presence: number(finding['presence']),
      above: list(finding['above']).map(text),
      contour: list(finding['contour']).map(corner),
    }));
}

/** Undefined when there is no reading yet. */
export function readingFrom(value: unknown): Reading | undefined {
  if (value === null || value === undefined) return undefined;
  const reading = dict(value);
  const model = dict(reading['model']);
  return {
    model: {
      name: text(model['name']),
      version: text(model['version']),
      sha256: text(model['sha256']),
      intendedUse: text(model['intended_use']),
    },
    score: number(reading['score']),
    above: list(reading['above']).map(text),
    operatingPoints: list(model['operating_points'])
      .map(dict)
      .map((point) => ({ name: text(point['name']), threshold: number(point['threshold']) })),
    useStatement: text(reading['use_statement']),
    readAt: text(reading['read_at']),
    views: list(reading['views'])
      .map(dict)
      .map((each) => ({ view: text(each['view']), sopInstanceUid: text(each['sop_instance_uid']) })),
    findings: list(reading['views'])
      .map(dict)
      .flatMap(findingsOf)
      .sort((a, b) => b.score - a.score),
  };
}
